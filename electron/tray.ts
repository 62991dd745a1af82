import { Menu, nativeImage, Tray } from 'electron';
import type { EngineState } from './desktop-api.ts';

export interface TrayActions {
  show(): void;
  restartEngine(): void;
  quit(): void;
}

/** A tray icon that tells the engine's state. null where the desktop has no tray: the app works without it. */
export function openTray(icon: string, actions: TrayActions): { tell(state: EngineState): void; close(): void } | null {
  let tray: Tray;
  try {
    tray = new Tray(nativeImage.createFromPath(icon).resize({ width: 22, height: 22 }));
  } catch (error) {
    console.error(`no tray on this desktop: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
  tray.on('click', actions.show);
  return {
    tell(state) {
      if (tray.isDestroyed()) return;
      tray.setToolTip(`Drydock: ${state.message}`);
      const items = [
        { label: state.message, enabled: false },
        { type: 'separator' as const },
        { label: 'Show Drydock', click: actions.show },
        { label: 'Restart Engine', click: actions.restartEngine },
        { label: 'Quit', click: actions.quit },
      ];
      tray.setContextMenu(Menu.buildFromTemplate(items));
    },
    close: () => {
      if (!tray.isDestroyed()) tray.destroy();
    },
  };
}

import path from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import { appOrigin } from './app-protocol.ts';
import { type DesktopMemory, visibleBounds } from './window-state.ts';

export interface WindowOptions {
  preload: string;
  icon: string;
  memory: DesktopMemory;
  /** Called when the window's place or size has settled, and when it closes. */
  remember(change: Pick<DesktopMemory, 'bounds' | 'maximized'>): void;
}

/** The page's own colour, so that nothing flashes before it paints. */
export function backgroundColour(): string {
  return nativeTheme.shouldUseDarkColors ? '#0c0e11' : '#f6f7f9';
}

export function openWindow({ preload, icon, memory, remember }: WindowOptions): BrowserWindow {
  const screens = screen.getAllDisplays().map((display) => display.workArea);
  const bounds = visibleBounds(memory.bounds, screens);
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    ...bounds,
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Drydock',
    icon: process.platform === 'linux' ? icon : undefined,
    backgroundColor: backgroundColour(),
    webPreferences: {
      preload: path.resolve(preload),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      // A mesh goes on while its window is hidden; the page must keep draining what the engine sends.
      backgroundThrottling: false,
    },
  });
  if (memory.maximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  rememberPlace(window, remember);
  void window.loadURL(`${appOrigin}/index.html`);
  return window;
}

function rememberPlace(window: BrowserWindow, remember: WindowOptions['remember']): void {
  let timer: NodeJS.Timeout | null = null;
  const save = () => remember({ bounds: window.getNormalBounds(), maximized: window.isMaximized() });
  const saveSoon = () => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => {
      if (!window.isDestroyed()) save();
    }, 500);
  };
  window.on('resize', saveSoon);
  window.on('move', saveSoon);
  window.on('close', () => {
    if (timer) clearTimeout(timer);
    save();
  });
}

import { createAppCommands } from '../commands/app-commands.ts';
import { firstStepCommands } from '../commands/first-step-commands.ts';
import { bindKeys } from '../commands/keys.ts';
import { CommandRegistry } from '../commands/registry.ts';
import { findBrowserConnection, findDesktopConnection } from '../engine/connection.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { createStore, type Store } from '../engine/store.ts';
import { screens } from '../features/index.ts';
import { ToastStore } from '../ui/toast.tsx';
import { applyAppearance, createPreferences, type PreferencesStore, windowQuery } from './preferences.ts';
import { createRouter, type Router } from './router.ts';

export type Overlay = 'palette' | 'help' | null;

/** The long-lived parts of the page, wired once. */
export interface AppParts {
  engine: Engine;
  router: Router;
  preferences: PreferencesStore;
  toasts: ToastStore;
  commands: CommandRegistry;
  overlay: Store<Overlay>;
}

export function createApp(page: Window): AppParts {
  const timer = {
    setTimeout: (run: () => void, delayMs: number) => page.setTimeout(run, delayMs),
    clearTimeout: (handle: unknown) => page.clearTimeout(handle as number),
  };
  // The token leaves the address bar before the router reads it.
  const find = page.drydock ? findDesktopConnection(page.drydock) : findBrowserConnection(page);
  const engine = createEngine({
    find,
    timer,
    openSocket: (url, protocols) => new WebSocket(url, protocols),
    onBackgroundError: (what, message) => console.warn(`${what}: ${message}`),
  });
  const router = createRouter(page);
  const preferences = createPreferences(page.localStorage);
  const toasts = new ToastStore();
  const overlay = createStore<Overlay>(null);
  const commands = new CommandRegistry({
    engine,
    router,
    preferences,
    toasts,
    overlay: { show: overlay.set, shown: overlay.get },
  });
  commands.add([...createAppCommands(screens), ...firstStepCommands]);
  bindKeys(commands, page);
  applyAppearance(preferences, page);

  const follow = () => {
    const { window, paused } = preferences.getState();
    engine.setWindow(windowQuery[window]);
    engine.setPaused(paused);
  };
  follow();
  preferences.subscribe(follow);
  page.drydock?.onEngineState((state) => engine.setProcessState(state));
  engine.connect();
  return { engine, router, preferences, toasts, commands, overlay };
}

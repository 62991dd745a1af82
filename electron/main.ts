// The desktop shell: a window on the page, an engine to look at, nothing of the mesh itself.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { app, type BrowserWindow, dialog, Menu, nativeTheme, protocol } from 'electron';
import { appScheme, createAppHandler } from './app-protocol.ts';
import { probeEngine, readEngineFile } from './engine/engine-file.ts';
import { launchWithNode } from './engine/engine-process.ts';
import { EngineSupervisor } from './engine/engine-supervisor.ts';
import { launchAsUtility } from './engine/utility-engine.ts';
import { pushEngineState, pushScreen, serveBridge } from './ipc.ts';
import { type LaunchOptions, readLaunchOptions } from './launch-options.ts';
import { buildMenu } from './menu.ts';
import { engineEnvironment, findPlaces, type Places } from './places.ts';
import { isSample, SampleTraffic } from './sample-traffic.ts';
import { lockDown, lockDownSession, openExternal } from './security.ts';
import { openTray } from './tray.ts';
import { backgroundColour, openWindow } from './window.ts';
import { type DesktopMemory, readMemory, writeMemory } from './window-state.ts';

const options = readLaunchOptions(process.argv, process.env, { cwd: process.cwd(), isPackaged: app.isPackaged });
// Per home, not per user: two homes are two meshes, each with its own window.
app.setPath('userData', path.join(options.home, 'desktop'));
protocol.registerSchemesAsPrivileged([
  { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
]);

if (!app.requestSingleInstanceLock()) {
  app.quit();
} else {
  lockDown(app);
  void app.whenReady().then(() => runShell(options));
}

async function runShell({ home, meshFiles, sampleTraffic }: LaunchOptions): Promise<void> {
  const places = findPlaces(app.getAppPath(), process.env, app.isPackaged ? process.resourcesPath : null);
  const memoryFile = path.join(app.getPath('userData'), 'window.json');
  let memory = readMemory(memoryFile);
  let files = chooseMesh(meshFiles, memory, places);
  const remember = (change: Partial<DesktopMemory>) => {
    memory = { ...memory, ...change };
    writeMemory(memoryFile, memory);
  };

  const supervisor = createSupervisor(places, home);
  const traffic = sampleTraffic && places.node ? new SampleTraffic(places.node, places.sample) : null;
  lockDownSession();
  protocol.handle(appScheme, createAppHandler(places.page));
  serveBridge({ connection: () => supervisor.engine?.connection ?? null, engineState: () => supervisor.state });

  let window: BrowserWindow | null = null;
  const show = () => {
    if (window && !window.isDestroyed()) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      return;
    }
    window = openWindow({ preload: places.preload, icon: places.icon, memory, remember });
  };
  const run = (chosen: string[]) => {
    files = chosen;
    const others = (memory.recentMeshes ?? []).filter((known) => known.join('\n') !== chosen.join('\n'));
    if (chosen.length > 0) remember({ recentMeshes: [chosen, ...others].slice(0, 10) });
    setMenu();
    void supervisor.start(chosen);
  };
  const setMenu = () => {
    Menu.setApplicationMenu(
      buildMenu({
        showScreen: (id) => pushScreen(window, id),
        openMesh: () => void askForMesh(window).then((chosen) => chosen && run(chosen)),
        openSample: () => run([places.sample]),
        openRecent: run,
        restartEngine: () => run(files),
        openExternal: (url) => void openExternal(url),
        recentMeshes: memory.recentMeshes ?? [],
      }),
    );
  };

  const tray = openTray(places.icon, { show, restartEngine: () => run(files), quit: () => app.quit() });
  supervisor.onChange((state, engine) => {
    if (engine && !engine.ours) files = [...supervisor.meshFiles];
    pushEngineState(window, state);
    tray?.tell(state);
    traffic?.sendTo(engine && isSample(files, places.sample) ? engine.ingress : '');
  });
  nativeTheme.on('updated', () => window?.setBackgroundColor(backgroundColour()));
  app.on('second-instance', (_event, argv, cwd) => {
    const asked = readLaunchOptions(argv, {}, { cwd, isPackaged: app.isPackaged }).meshFiles;
    show();
    // `drydock open` on what is open already shows it, and restarts nothing.
    if (asked.length > 0 && asked.join('\n') !== files.join('\n')) run(asked);
  });
  app.on('activate', show);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  stopBeforeQuit(async () => {
    traffic?.stop();
    await supervisor.stop();
    tray?.close();
  });
  app.setAboutPanelOptions({ applicationName: 'Drydock', applicationVersion: app.getVersion() });
  show();
  run(files);
}

/** What to open: the command line's, what was open last, the sample in a checkout. [] = an engine without a mesh yet. */
function chooseMesh(asked: string[], memory: DesktopMemory, places: Places): string[] {
  if (asked.length > 0) return asked;
  const last = memory.recentMeshes?.find((files) => files.every((file) => existsSync(file)));
  if (last) return last;
  return existsSync(places.sample) && !app.isPackaged ? [places.sample] : [];
}

function createSupervisor(places: Places, home: string): EngineSupervisor {
  const common = { script: places.engineScript, home, env: engineEnvironment(process.env) };
  const cwd = app.isPackaged ? app.getPath('home') : app.getAppPath();
  return new EngineSupervisor({
    launch: places.node ? launchWithNode({ ...common, cwd, node: places.node }) : launchAsUtility({ ...common, cwd }),
    findRunning: async () => {
      const file = await readEngineFile(home);
      return file && probeEngine(file);
    },
    log: (message) => console.error(message),
  });
}

async function askForMesh(window: BrowserWindow | null): Promise<string[] | null> {
  const properties = ['openFile' as const, 'multiSelections' as const];
  const settings = { title: 'Open a mesh', properties, filters: [{ name: 'Mesh files', extensions: ['yaml', 'yml'] }] };
  const answer = window ? await dialog.showOpenDialog(window, settings) : await dialog.showOpenDialog(settings);
  return answer.canceled || answer.filePaths.length === 0 ? null : answer.filePaths;
}

/** Quitting waits until our engine has drained and its services have ended, so nothing is left behind. */
function stopBeforeQuit(stop: () => Promise<void>): void {
  let stopped = false;
  app.on('will-quit', (event) => {
    if (stopped) return;
    event.preventDefault();
    void stop()
      .catch((error: unknown) => console.error('stopping the engine:', error))
      .finally(() => {
        stopped = true;
        app.exit();
      });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());
}

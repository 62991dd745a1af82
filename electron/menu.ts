import { Menu, type MenuItemConstructorOptions } from 'electron';

/** The screens of the View menu in the order of the app's rail; the page itself listens to the keys, so they are only shown here. */
const screens: readonly { id: string; label: string }[] = [
  { id: 'topology', label: 'Topology' },
  { id: 'requests', label: 'Requests' },
  { id: 'traces', label: 'Traces' },
  { id: 'services', label: 'Services' },
  { id: 'faults', label: 'Faults' },
  { id: 'scenarios', label: 'Scenarios' },
  { id: 'recordings', label: 'Recordings' },
  { id: 'config', label: 'Config' },
  { id: 'security', label: 'Security' },
];

export interface MenuActions {
  showScreen(id: string): void;
  openMesh(): void;
  openSample(): void;
  openRecent(files: string[]): void;
  restartEngine(): void;
  openExternal(url: string): void;
  recentMeshes: readonly string[][];
}

export function buildMenu(actions: MenuActions, platform: NodeJS.Platform = process.platform): Menu {
  const isMac = platform === 'darwin';
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    fileMenu(actions, isMac),
    { role: 'editMenu' },
    viewMenu(actions),
    { label: 'Engine', submenu: [{ label: 'Restart Engine', click: actions.restartEngine }] },
    { role: 'windowMenu' },
    helpMenu(actions),
  ];
  return Menu.buildFromTemplate(template);
}

function fileMenu(actions: MenuActions, isMac: boolean): MenuItemConstructorOptions {
  const recent = actions.recentMeshes.map((files) => ({ label: files.join(', '), click: () => actions.openRecent(files) }));
  return {
    role: 'fileMenu',
    submenu: [
      { label: 'Open Mesh…', accelerator: 'CmdOrCtrl+O', click: actions.openMesh },
      { label: 'Open Recent', enabled: recent.length > 0, submenu: recent },
      { label: 'Open the Sample Shop', click: actions.openSample },
      { type: 'separator' },
      isMac ? { role: 'close' } : { role: 'quit' },
    ],
  };
}

function viewMenu(actions: MenuActions): MenuItemConstructorOptions {
  return {
    role: 'viewMenu',
    submenu: [
      ...screens.map(({ id, label }, index) => ({
        label,
        accelerator: `CmdOrCtrl+${index + 1}`,
        registerAccelerator: false,
        click: () => actions.showScreen(id),
      })),
      { label: 'Settings', accelerator: 'CmdOrCtrl+,', registerAccelerator: false, click: () => actions.showScreen('settings') },
      { type: 'separator' },
      { role: 'reload' },
      { role: 'toggleDevTools' },
      { type: 'separator' },
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { role: 'togglefullscreen' },
    ],
  };
}

function helpMenu(actions: MenuActions): MenuItemConstructorOptions {
  const link = (label: string, url: string) => ({ label, click: () => actions.openExternal(url) });
  return {
    role: 'help',
    submenu: [
      link('Istio: Traffic Management', 'https://istio.io/latest/docs/concepts/traffic-management/'),
      link('Istio: Configuration Reference', 'https://istio.io/latest/docs/reference/config/networking/'),
      link('Envoy: Response Flags', 'https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage'),
      link('Gateway API', 'https://gateway-api.sigs.k8s.io/'),
      { type: 'separator' },
      { role: 'about' },
    ],
  };
}

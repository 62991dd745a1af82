import { contextBridge, ipcRenderer } from 'electron';
import { channels, type DesktopApi, type EngineState } from './desktop-api.ts';

const api: DesktopApi = {
  platform: process.platform,
  getConnection: () => ipcRenderer.invoke(channels.getConnection),
  onEngineState(listener) {
    const hear = (_event: unknown, state: EngineState) => listener(state);
    ipcRenderer.on(channels.engineState, hear);
    void ipcRenderer.invoke(channels.getEngineState).then((state: EngineState) => listener(state));
    return () => ipcRenderer.removeListener(channels.engineState, hear);
  },
  openExternal: (url) => ipcRenderer.send(channels.openExternal, url),
};
contextBridge.exposeInMainWorld('drydock', api);

// The application menu's View entries: every screen is a URL, so showing one is a change of address and Back works.
ipcRenderer.on(channels.showScreen, (_event, screen: string) => {
  if (/^[a-z]+$/.test(screen)) window.location.hash = `#/${screen}`;
});

import { type BrowserWindow, ipcMain } from 'electron';
import { type Connection, channels, type EngineState } from './desktop-api.ts';
import { isTrustedSender, openExternal } from './security.ts';

export interface Bridge {
  connection(): Connection | null;
  engineState(): EngineState;
}

/** Answers the preload's channels. A sender that is not our page gets nothing, and no hint. */
export function serveBridge(bridge: Bridge): void {
  ipcMain.handle(channels.getConnection, (event, ...payload) => {
    if (!isTrustedSender(event) || payload.length > 0) throw new Error('refused');
    return bridge.connection();
  });
  ipcMain.handle(channels.getEngineState, (event, ...payload) => {
    if (!isTrustedSender(event) || payload.length > 0) throw new Error('refused');
    return bridge.engineState();
  });
  ipcMain.on(channels.openExternal, (event, ...payload) => {
    if (!isTrustedSender(event) || payload.length !== 1) return;
    void openExternal(payload[0]);
  });
}

export function pushEngineState(window: BrowserWindow | null, state: EngineState): void {
  if (window && !window.isDestroyed()) window.webContents.send(channels.engineState, state);
}

export function pushScreen(window: BrowserWindow | null, screen: string): void {
  if (window && !window.isDestroyed()) window.webContents.send(channels.showScreen, screen);
}

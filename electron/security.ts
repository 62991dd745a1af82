import { type App, type IpcMainEvent, type IpcMainInvokeEvent, type Session, session, shell } from 'electron';
import { appOrigin } from './app-protocol.ts';

/** The page asks the engine on loopback; newer Chromium asks for that as a permission. Nothing else is ever granted. */
const loopbackPermissions = new Set(['loopback-network', 'local-network', 'local-network-access']);

function isAppUrl(url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}` === appOrigin;
  } catch {
    return false; // not an address at all, so not ours
  }
}

/** Only our page's own top frame may talk over IPC. */
export function isTrustedSender(event: IpcMainEvent | IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isAppUrl(frame.url);
}

/** @returns the address to hand to the system, or null: https only, no credentials in it */
function allowExternal(url: unknown): string | null {
  if (typeof url !== 'string' || url.length > 2_048) return null;
  try {
    const parsed = new URL(url);
    return parsed.protocol === 'https:' && parsed.username === '' && parsed.password === '' ? parsed.href : null;
  } catch {
    return null; // not an address
  }
}

export async function openExternal(url: unknown): Promise<void> {
  const allowed = allowExternal(url);
  if (allowed) await shell.openExternal(allowed);
}

/** No page may navigate away, open windows, embed webviews, get permissions or download. */
export function lockDown(app: App): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!isAppUrl(event.url)) event.preventDefault();
    });
    contents.on('will-frame-navigate', (event) => {
      if (!isAppUrl(event.url)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => {
      if (!isAppUrl(event.url)) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      void openExternal(url);
      return { action: 'deny' };
    });
  });
}

export function lockDownSession(target: Session = session.defaultSession): void {
  target.setPermissionRequestHandler((contents, permission, callback) => {
    callback(loopbackPermissions.has(permission) && contents !== null && isAppUrl(contents.getURL()));
  });
  target.setPermissionCheckHandler((_contents, permission, requestingOrigin) => {
    return loopbackPermissions.has(permission) && isAppUrl(requestingOrigin);
  });
  target.setDevicePermissionHandler(() => false);
}

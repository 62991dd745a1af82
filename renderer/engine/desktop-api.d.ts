/** What electron's preload puts on the window; absent when the engine serves the page to a browser. */
export interface DesktopEngineState {
  state: 'starting' | 'running' | 'restarting' | 'stopped' | 'failed';
  message: string;
}

export interface DesktopApi {
  /** `darwin`, `linux`, `win32` */
  platform: string;
  /** null while no engine answers yet; onEngineState tells when to ask again. */
  getConnection(): Promise<{ url: string; token: string } | null>;
  /** Returns the function that stops listening. */
  onEngineState(listener: (state: DesktopEngineState) => void): () => void;
  /** Opens an allow-listed address in the user's browser. */
  openExternal(url: string): void;
}

declare global {
  interface Window {
    drydock?: DesktopApi;
  }
}

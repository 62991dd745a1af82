/** What the engine's process is doing, in words for a person. */
export interface EngineState {
  state: 'starting' | 'running' | 'restarting' | 'stopped' | 'failed';
  message: string;
}

/** Where the control API is, and the token that opens it. */
export interface Connection {
  url: string;
  token: string;
}

/** All that the preload puts on the window, and the only way from the page into the shell. */
export interface DesktopApi {
  /** `darwin`, `linux`, `win32` */
  platform: string;
  /** null while no engine answers yet; onEngineState tells when to ask again. */
  getConnection(): Promise<Connection | null>;
  /** The listener hears the present state at once, then every change. Returns the function that stops listening. */
  onEngineState(listener: (state: EngineState) => void): () => void;
  /** Opens an https address in the user's browser; anything else is ignored. */
  openExternal(url: string): void;
}

/** Channel names of the narrow bridge, used by preload and main alike. */
export const channels = {
  getConnection: 'drydock:get-connection',
  getEngineState: 'drydock:get-engine-state',
  engineState: 'drydock:engine-state',
  openExternal: 'drydock:open-external',
  showScreen: 'drydock:show-screen',
} as const;

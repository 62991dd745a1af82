import type { StreamCommand, StreamMessage } from '../../proxy/api/stream.schema.ts';
import type { Connection, FindConnection } from './connection.ts';
import type { Timer } from './exchange-ring.ts';

export type StreamState =
  | { phase: 'connecting'; attempt: number }
  | { phase: 'live' }
  /** Connected, but nothing comes: the engine is stopped, or busy beyond answering. */
  | { phase: 'silent' }
  | { phase: 'reconnecting'; attempt: number }
  /** Nothing to connect to: no token in a browser, no engine in the desktop app. */
  | { phase: 'absent' };

export interface StreamListener {
  onConnection(connection: Connection | null): void;
  onState(state: StreamState): void;
  onMessage(message: StreamMessage): void;
}

/** 0.25 s, doubling to 4 s: an engine restart takes about a second, and nobody wants to wait for a minute after it. */
export function backoffMs(attempt: number): number {
  return Math.min(4000, 250 * 2 ** Math.min(attempt, 6));
}

/** The engine tells something every second. After so many of these times without a word it is called silent. */
const listenMs = 2000;
const silentAfter = 3;

/** Keeps one WebSocket to the engine open, for as long as it is not closed. */
export class EngineStream {
  readonly #find: FindConnection;
  readonly #listener: StreamListener;
  readonly #timer: Timer;
  readonly #open: (url: string, protocols: string[]) => WebSocket;
  #socket: WebSocket | null = null;
  #retry: unknown = null;
  #attempt = 0;
  #everLive = false;
  #listening: unknown = null;
  /** Times listened in vain. */
  #unheard = 0;
  #closed = false;
  #window = '60s';

  constructor(
    find: FindConnection,
    listener: StreamListener,
    timer: Timer,
    open: (url: string, protocols: string[]) => WebSocket,
  ) {
    this.#find = find;
    this.#listener = listener;
    this.#timer = timer;
    this.#open = open;
  }

  /** Connects now, also in the middle of a backoff. */
  connect(): void {
    if (this.#closed || this.#socket) return;
    if (this.#retry !== null) this.#timer.clearTimeout(this.#retry);
    this.#retry = null;
    this.#listener.onState({ phase: this.#everLive ? 'reconnecting' : 'connecting', attempt: this.#attempt });
    this.#find().then(
      (connection) => this.#connectTo(connection),
      () => this.#connectTo(null),
    );
  }

  /** The graph's window, e.g. `60s`; sent again after every reconnect. */
  setWindow(window: string): void {
    if (window === this.#window) return;
    this.#window = window;
    this.#send({ type: 'subscribe', topics: ['metrics'], window });
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    if (this.#retry !== null) this.#timer.clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = null;
  }

  #connectTo(connection: Connection | null): void {
    if (this.#closed || this.#socket) return;
    this.#listener.onConnection(connection);
    if (!connection) {
      this.#listener.onState({ phase: 'absent' });
      this.#retryLater();
      return;
    }
    const socket = this.#open(`${connection.url.replace(/^http/, 'ws')}/api/v1/stream`, [
      'drydock.v1',
      `bearer.${connection.token}`,
    ]);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#attempt = 0;
      this.#everLive = true;
      this.#listener.onState({ phase: 'live' });
      this.#listen();
      this.#send({ type: 'subscribe', topics: ['exchanges', 'metrics', 'status', 'events'], window: this.#window });
    });
    socket.addEventListener('message', (event: MessageEvent) => {
      if (socket !== this.#socket) return;
      if (this.#unheard >= silentAfter) this.#listener.onState({ phase: 'live' });
      this.#unheard = 0;
      this.#listener.onMessage(JSON.parse(String(event.data)) as StreamMessage);
    });
    // A failed connect emits error and then close; close alone tells everything we act on.
    socket.addEventListener('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#stopListening();
      if (this.#closed) return;
      this.#listener.onState({ phase: this.#everLive ? 'reconnecting' : 'connecting', attempt: this.#attempt });
      this.#retryLater();
    });
  }

  /** Counted in turns of the timer, not in time: a page that slept itself has missed nothing. */
  #listen(): void {
    this.#listening = this.#timer.setTimeout(() => {
      if (++this.#unheard === silentAfter) this.#listener.onState({ phase: 'silent' });
      this.#listen();
    }, listenMs);
  }

  #stopListening(): void {
    if (this.#listening !== null) this.#timer.clearTimeout(this.#listening);
    this.#listening = null;
    this.#unheard = 0;
  }

  #retryLater(): void {
    if (this.#closed || this.#retry !== null) return;
    this.#retry = this.#timer.setTimeout(
      () => {
        this.#retry = null;
        this.connect();
      },
      backoffMs(this.#attempt++),
    );
  }

  #send(command: StreamCommand): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(command));
  }
}

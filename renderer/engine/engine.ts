import type { FaultStatus } from '../../proxy/api/fault.schema.ts';
import type { Graph, MeshEvent } from '../../proxy/api/observability.schema.ts';
import type { Recording } from '../../proxy/api/recording.schema.ts';
import type { Status } from '../../proxy/api/status.schema.ts';
import type { StreamMessage } from '../../proxy/api/stream.schema.ts';
import { Arrivals } from './arrivals.ts';
import { type Call, createCall, createDownload, type Download } from './client.ts';
import type { Connection, FindConnection } from './connection.ts';
import type { DesktopEngineState } from './desktop-api.d.ts';
import { ExchangeRing, type Timer } from './exchange-ring.ts';
import { Reader, type Readings } from './readings.ts';
import { createPausable, createStore, type Store, type WritableStore } from './store.ts';
import { EngineStream, type StreamState } from './stream.ts';

/** Everything the screens know of the engine. One per page, made in main.tsx, read with the hooks of use-engine.ts. */
export interface Engine {
  call: Call;
  download: Download;
  /** Every exchange kept, in order of arrival. */
  exchanges: ExchangeRing;
  /** null until the first message; holds still while the view is paused. */
  graph: Store<Graph | null>;
  status: Store<Status | null>;
  /** Newest first, at most 1,000. */
  events: Store<readonly MeshEvent[]>;
  faults: Store<readonly FaultStatus[]>;
  recordings: Store<readonly Recording[]>;
  readings: Store<Readings>;
  stream: Store<StreamState>;
  /** What the desktop shell says about the engine's process; null in a browser. */
  process: Store<DesktopEngineState | null>;
  /** Messages the engine left out because this page was slow, per topic. */
  gaps: Store<Readonly<Record<string, number>>>;
  connection: Store<Connection | null>;
  setWindow(window: string): void;
  /** Stops the view, not the capture. */
  setPaused(paused: boolean): void;
  setProcessState(state: DesktopEngineState): void;
  refreshFaults(): Promise<void>;
  refreshRecordings(): Promise<void>;
  /** Reads the exchanges from before the page was opened, where that failed. */
  loadHistory(): Promise<void>;
  connect(): void;
  close(): void;
}

export interface EngineParts {
  find: FindConnection;
  timer: Timer;
  openSocket: (url: string, protocols: string[]) => WebSocket;
  fetchFn?: typeof fetch;
  /** Told when a background refresh fails; the screens go on with what they have. */
  onBackgroundError?: (what: string, message: string) => void;
}

const maxEvents = 1000;

export function createEngine(parts: EngineParts): Engine {
  const connection = createStore<Connection | null>(null);
  const call = createCall(() => connection.get(), parts.fetchFn);
  const exchanges = new ExchangeRing(parts.timer);
  const graph = createPausable<Graph | null>(null);
  const status = createStore<Status | null>(null);
  const events = createStore<readonly MeshEvent[]>([]);
  const faults = createStore<readonly FaultStatus[]>([]);
  const recordings = createStore<readonly Recording[]>([]);
  const reader = new Reader(parts.onBackgroundError);
  const arrivals = new Arrivals(exchanges, reader, call);
  const state = createStore<StreamState>({ phase: 'connecting', attempt: 0 });
  const process = createStore<DesktopEngineState | null>(null);
  const gaps = createStore<Readonly<Record<string, number>>>({});

  const refreshFaults = () =>
    reader.read(
      'faults',
      () => call('listFaults'),
      (answer) => faults.set(answer.faults),
    );
  const refreshRecordings = () =>
    reader.read(
      'recordings',
      () => call('listRecordings'),
      (answer) => recordings.set(answer.recordings),
    );

  const addEvents = (added: readonly MeshEvent[]) => {
    const fresh = addNewestFirst(events, added);
    if (fresh.some((event) => event.type.startsWith('fault.'))) void refreshFaults();
    if (fresh.some((event) => event.type.startsWith('recording.'))) void refreshRecordings();
  };
  const start = () => {
    gaps.set({});
    // Event numbers belong to one engine's database; another engine may count from 1 again.
    events.set([]);
    void arrivals.loadHistory();
    void refreshFaults();
    void refreshRecordings();
    void reader.read(
      'events',
      () => call('listEvents', { query: { limit: 500 } }),
      (answer) => addEvents(answer.events),
    );
  };
  const onMessage = (message: StreamMessage) => {
    if (message.type === 'hello') start();
    else if (message.type === 'exchanges') arrivals.take(message.exchanges);
    else if (message.type === 'metrics') graph.set(message.graph);
    else if (message.type === 'status') status.set(message.status);
    else if (message.type === 'events') addEvents(message.events);
    else if (message.type === 'gap')
      gaps.set({ ...gaps.get(), [message.topic]: (gaps.get()[message.topic] ?? 0) + message.dropped });
    else if (message.type === 'error') parts.onBackgroundError?.('stream', message.message);
  };
  const stream = new EngineStream(
    parts.find,
    { onConnection: connection.set, onState: state.set, onMessage },
    parts.timer,
    parts.openSocket,
  );

  return {
    call,
    download: createDownload(() => connection.get(), parts.fetchFn),
    exchanges,
    graph,
    status,
    events,
    faults,
    recordings,
    readings: reader.store,
    stream: state,
    process,
    gaps,
    connection,
    setWindow: (window) => stream.setWindow(window),
    setPaused: (paused) => {
      exchanges.setPaused(paused);
      graph.setPaused(paused);
    },
    setProcessState: (next) => {
      process.set(next);
      if (next.state === 'running') stream.connect();
    },
    refreshFaults,
    refreshRecordings,
    loadHistory: () => arrivals.loadHistory(),
    connect: () => stream.connect(),
    close: () => {
      stream.close();
      exchanges.close();
    },
  };
}

/** Those that were not known before. */
function addNewestFirst(events: WritableStore<readonly MeshEvent[]>, added: readonly MeshEvent[]): readonly MeshEvent[] {
  const known = new Set(events.get().map((event) => event.id));
  const fresh = added.filter((event) => !known.has(event.id));
  if (fresh.length > 0) events.set([...fresh, ...events.get()].sort((a, b) => b.id - a.id).slice(0, maxEvents));
  return fresh;
}

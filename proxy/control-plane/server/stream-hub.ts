import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { Exchange } from '../../api/exchange.schema.ts';
import type { Graph, MeshEvent } from '../../api/observability.schema.ts';
import type { Status } from '../../api/status.schema.ts';
import { type StreamMessage, type StreamTopic, streamCommandSchema } from '../../api/stream.schema.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { streamProtocol } from './guard.ts';

const exchangePeriodMs = 100;
const metricsPeriodMs = 1_000;
const statusPeriodMs = 2_000;
const pingPeriodMs = 15_000;
/** Exchanges kept for one batch; a reader of a list has no use for more than this ten times a second. */
const maxBatch = 500;
/** Bytes waiting for one reader before its messages are left out. */
const maxBufferedBytes = 1024 * 1024;
/** A reader that stays behind this long is cut. */
const maxBehindMs = 30_000;
const maxClients = 64;

export interface StreamHubOptions {
  clock: Clock;
  version: string;
  pid: number;
  /** Computed once a second per distinct window, only while somebody listens. Throws RangeError for a window it cannot read. */
  graph: (window: string) => Graph;
  status: () => Status | Promise<Status>;
  onError: (message: string) => void;
}

interface Client {
  socket: WebSocket;
  topics: Set<StreamTopic>;
  window: string;
  /** Messages (exchanges and events: items) left out since the last gap marker, per topic. */
  dropped: Map<StreamTopic, number>;
  behindSince: number | null;
  alive: boolean;
}

/** Everything live goes out here: batches, bounded buffers, and a marker where something was left out. */
export class StreamHub {
  readonly #options: StreamHubOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(streamProtocol) ? streamProtocol : false),
  });
  readonly #clients = new Set<Client>();
  readonly #timers = new Map<string, Timer>();
  #pending: Exchange[] = [];
  #left = 0;
  #closed = false;

  constructor(options: StreamHubOptions) {
    this.#options = options;
    this.#server.on('wsClientError', (_error, socket) => socket.destroy());
  }

  /** Completes a WebSocket handshake whose caller and token have been checked. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#closed || this.#clients.size >= maxClients) {
      socket.end('HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#add(webSocket));
  }

  /** `dropped` of them came without a record: readers see a gap. */
  publishExchanges(batch: readonly Exchange[], dropped = 0): void {
    if (!this.#hasReaders('exchanges')) return;
    this.#left += dropped;
    const room = maxBatch - this.#pending.length;
    // Copied field by field where a caller hands in details: bodies and headers have no place in a live list.
    for (const exchange of batch.slice(0, room)) this.#pending.push(summaryOf(exchange));
    this.#left += Math.max(0, batch.length - room);
    this.#once('exchanges', exchangePeriodMs, () => this.#sendExchanges());
  }

  publishEvents(events: readonly MeshEvent[]): void {
    if (events.length > 0) this.#send('events', { type: 'events', events: [...events] }, events.length);
  }

  /** Something in the status changed: readers hear within a tenth of a second, and every two seconds anyway. */
  statusChanged(): void {
    if (this.#hasReaders('status')) this.#once('status-change', 100, () => this.#sendStatus());
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    for (const client of this.#clients) client.socket.close(1001, 'the engine stops');
    const cut = [...this.#clients];
    this.#options.clock.setTimer(() => {
      for (const client of cut) client.socket.terminate();
    }, 300);
    this.#server.close();
  }

  #add(socket: WebSocket): void {
    const client: Client = { socket, topics: new Set(), window: '60s', dropped: new Map(), behindSince: null, alive: true };
    this.#clients.add(client);
    socket.on('message', (data) => this.#command(client, String(data)));
    socket.on('pong', () => {
      client.alive = true;
    });
    socket.on('close', () => this.#clients.delete(client));
    socket.on('error', () => socket.terminate());
    this.#write(client, { type: 'hello', version: this.#options.version, pid: this.#options.pid });
    this.#once('ping', pingPeriodMs, () => this.#ping());
  }

  #command(client: Client, text: string): void {
    const parsed = streamCommandSchema.safeParse(parseOrNull(text));
    if (!parsed.success) {
      this.#write(client, {
        type: 'error',
        message: 'Send {"type":"subscribe","topics":["exchanges","metrics","status","events"]}',
      });
      return;
    }
    const command = parsed.data;
    for (const topic of command.topics) {
      if (command.type === 'unsubscribe') client.topics.delete(topic);
      else client.topics.add(topic);
    }
    if (command.type !== 'subscribe') return;
    if (command.window !== undefined) client.window = command.window;
    if (command.topics.includes('status')) this.#sendStatus();
    if (command.topics.includes('metrics')) this.#sendMetrics();
  }

  #sendExchanges(): void {
    const exchanges = this.#pending;
    const left = this.#left;
    this.#pending = [];
    this.#left = 0;
    if (left > 0) for (const client of this.#readers('exchanges')) this.#noteDropped(client, 'exchanges', left);
    if (exchanges.length > 0) this.#send('exchanges', { type: 'exchanges', exchanges }, exchanges.length);
  }

  #sendMetrics(): void {
    const texts = new Map<string, string>();
    for (const client of this.#readers('metrics')) {
      let text = texts.get(client.window);
      if (text === undefined) {
        text = this.#graphText(client.window);
        texts.set(client.window, text);
      }
      this.#deliver(client, 'metrics', text, 1);
    }
    if (this.#hasReaders('metrics')) this.#once('metrics', metricsPeriodMs, () => this.#sendMetrics());
  }

  #graphText(window: string): string {
    try {
      return JSON.stringify({ type: 'metrics', graph: this.#options.graph(window) } satisfies StreamMessage);
    } catch (error) {
      return JSON.stringify({ type: 'error', message: (error as Error).message } satisfies StreamMessage);
    }
  }

  #sendStatus(): void {
    Promise.resolve(this.#options.status()).then(
      (status) => {
        this.#send('status', { type: 'status', status }, 1);
        if (this.#hasReaders('status')) this.#once('status', statusPeriodMs, () => this.#sendStatus());
      },
      (error: Error) => this.#options.onError(`The status could not be made for the stream: ${error.message}`),
    );
  }

  #ping(): void {
    for (const client of this.#clients) {
      if (!client.alive) client.socket.terminate();
      else {
        client.alive = false;
        client.socket.ping();
      }
    }
    if (this.#clients.size > 0) this.#once('ping', pingPeriodMs, () => this.#ping());
  }

  #send(topic: StreamTopic, message: StreamMessage, items: number): void {
    const readers = this.#readers(topic);
    if (readers.length === 0) return;
    const text = JSON.stringify(message);
    for (const client of readers) this.#deliver(client, topic, text, items);
  }

  #deliver(client: Client, topic: StreamTopic, text: string, items: number): void {
    const now = this.#options.clock.now();
    if (client.socket.bufferedAmount > maxBufferedBytes) {
      client.behindSince ??= now;
      if (now - client.behindSince > maxBehindMs) client.socket.terminate();
      this.#noteDropped(client, topic, items);
      return;
    }
    client.behindSince = null;
    for (const [gapTopic, dropped] of client.dropped) this.#write(client, { type: 'gap', topic: gapTopic, dropped });
    client.dropped.clear();
    if (client.socket.readyState === WebSocket.OPEN) client.socket.send(text);
  }

  #noteDropped(client: Client, topic: StreamTopic, items: number): void {
    client.dropped.set(topic, (client.dropped.get(topic) ?? 0) + items);
  }

  #write(client: Client, message: StreamMessage): void {
    if (client.socket.readyState === WebSocket.OPEN) client.socket.send(JSON.stringify(message));
  }

  #readers(topic: StreamTopic): Client[] {
    return [...this.#clients].filter((client) => client.topics.has(topic));
  }

  #hasReaders(topic: StreamTopic): boolean {
    for (const client of this.#clients) if (client.topics.has(topic)) return true;
    return false;
  }

  /** Runs `action` after `delayMs` unless one of that name already waits. */
  #once(name: string, delayMs: number, action: () => void): void {
    if (this.#closed || this.#timers.has(name)) return;
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(name);
      action();
    }, delayMs);
    this.#timers.set(name, timer);
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // answered as an unknown command
  }
}

const detailOnly = new Set(['request', 'response', 'timeline', 'decision', 'peer', 'redacted', 'messages']);

function summaryOf(exchange: Exchange): Exchange {
  return Object.fromEntries(Object.entries(exchange).filter(([key]) => !detailOnly.has(key))) as Exchange;
}

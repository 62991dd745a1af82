import { HeaderMap } from '../../data-plane/header-map.ts';
import type { UpstreamCallbacks, UpstreamRequestHead, UpstreamReset, UpstreamStream } from '../../data-plane/stream.ts';
import { EventReader } from './event-reader.ts';
import type { Http1Connections, SidecarConnection } from './http1-connections.ts';
import { failure, headersOf, maxAnswerBytes, type Prepared, timeoutMs, type WireAnswer, type WireCall } from './wire.ts';

/** What a request line cannot carry. */
const unsendable = /[^\x21-\xff]/;

/** One HTTP/1.1 request. Its connection is taken or made and its head is ready when it is prepared; nothing is written before start(). */
export function prepareHttp1(call: WireCall, connections: Http1Connections): Prepared {
  return new Http1Call(call, connections);
}

class Http1Call implements Prepared, UpstreamCallbacks {
  readonly answer: Promise<WireAnswer>;
  readonly #call: WireCall;
  readonly #connections: Http1Connections;
  readonly #head: UpstreamRequestHead;
  readonly #events: EventReader | null;
  readonly #chunks: Buffer[] = [];
  #settle: (answer: WireAnswer) => void = () => {};
  #connection: SidecarConnection | null = null;
  #stream: UpstreamStream | null = null;
  #timer: NodeJS.Timeout | null = null;
  #startedAt = 0;
  #status = 0;
  #headers: [string, string][] = [];
  #size = 0;
  #isEvents = false;
  #isOver = false;

  constructor(call: WireCall, connections: Http1Connections) {
    this.answer = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#call = call;
    this.#connections = connections;
    this.#events = call.script?.kind === 'events' ? new EventReader() : null;
    this.#head = headOf(call);
    if (unsendable.test(call.path)) this.#finish('the path holds unescaped characters');
    else this.#connection = connections.take(call.host, call.port);
  }

  start(): void {
    if (this.#isOver) return;
    const { host, port } = this.#call;
    // It may have been closed while it waited for its moment.
    if (this.#connection!.http.available === 0) this.#connection = this.#connections.open(host, port);
    this.#startedAt = performance.now();
    this.#send(this.#connection!);
    this.#timer = setTimeout(() => this.#give(`no answer in ${timeoutMs / 1000} s`), timeoutMs);
  }

  cancel(): void {
    this.#give('cancelled');
  }

  #send(connection: SidecarConnection): void {
    const { body } = this.#call;
    const stream = connection.http.newStream(this);
    this.#stream = stream;
    stream.sendHeaders(this.#head, body.length === 0);
    if (body.length > 0) {
      stream.sendData(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
      stream.end(null);
    }
    // Now, not when the event loop has gone round.
    connection.http.writer.flush();
  }

  onInformational(): void {}

  onHeaders(status: number, headers: HeaderMap): void {
    this.#status = status;
    this.#headers = headers.toPairs();
    this.#isEvents = this.#events !== null && (headers.get('content-type') ?? '').startsWith('text/event-stream');
    if (!this.#isEvents) return;
    // A stream of events may never end by itself: as many as were recorded are enough.
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stop(), this.#call.script!.endAfterMs);
  }

  onData(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= maxAnswerBytes) this.#chunks.push(chunk);
    if (!this.#isEvents) {
      this.#timer?.refresh();
      return;
    }
    const events = this.#events!;
    events.add(chunk, performance.now() - this.#startedAt);
    const wanted = this.#call.script!.messages.length;
    if (wanted > 0 && events.messages.length >= wanted) this.#stop();
  }

  onEnd(trailers: HeaderMap | null): void {
    this.#finish('', trailers?.toPairs() ?? []);
  }

  onReset({ kind, detail }: UpstreamReset): void {
    const { host, port } = this.#call;
    const connection = this.#connection!;
    // The sidecar closed a kept connection before it saw the request: a new one.
    if (connection.isKept && kind === 'connection-termination' && !this.#isOver) {
      this.#connection = this.#connections.open(host, port);
      this.#send(this.#connection);
    } else this.#finish(connection.error() || detail || 'ECONNRESET');
  }

  onUpgrade(): void {
    this.#give('the answer switched protocols');
  }

  onDrain(): void {}

  /** Enough was read. */
  #stop(): void {
    this.#stream?.reset();
    this.#finish('');
  }

  #give(error: string): void {
    if (this.#isOver) return;
    this.#stream?.reset();
    this.#finish(error);
  }

  #finish(error: string, trailers: [string, string][] = []): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#connection !== null) this.#connections.give(this.#call.host, this.#call.port, this.#connection);
    if (error !== '') {
      this.#settle(failure(error, this.#startedAt));
      return;
    }
    this.#settle({
      status: this.#status,
      headers: this.#headers,
      body: joined(this.#chunks),
      trailers,
      messages: this.#isEvents ? this.#events!.messages : null,
      durationMs: performance.now() - this.#startedAt,
      error: '',
      lagMs: null,
    });
  }
}

/** Of its own memory: a buffer out of the pool would take the whole pool along to the other thread. */
function joined(chunks: readonly Buffer[]): Uint8Array {
  const body = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function headOf(call: WireCall): UpstreamRequestHead {
  const { method, authority, path, body } = call;
  const list = headersOf(call).flatMap(([name, value]) => [name.toLowerCase(), value]);
  if (body.length > 0) list.push('content-length', String(body.length));
  return { method, scheme: 'http', authority, path, headers: new HeaderMap(list), upgrade: '', expectContinue: false };
}

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { type BodyDecoder, type BodySink, createBodyDecoder } from '../http1/body-decoder.ts';
import { type Http1Error, isHttp1Error } from '../http1/http1-error.ts';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import { MessageWriter } from '../http1/message-writer.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { ConnectionInfo } from '../stream.ts';
import { HeldClient } from './held-client.ts';
import type { Http1DownstreamOptions } from './http1-options.ts';
import { type Http1Refusal, writeRefusal } from './http1-refusal.ts';
import { Http1Request } from './http1-request.ts';
import { LingeringClose } from './lingering-close.ts';
import { createPeerProbe, type PeerProbe } from './peer-state.ts';
import type { Sweepable, Sweeper } from './sweeper.ts';
import { takeHead } from './take-head.ts';
import { UnreadInput } from './unread-input.ts';

function ignore(): void {}

/**
 * Server side of one HTTP/1.1 connection: keep-alive, pipelined requests one after the other, upgrades and CONNECT.
 *
 *   bytes ──▶ head ──▶ onRequest ──▶ body ──▶ (response) ──▶ head ──▶ …
 *
 * A request is parsed only when the response before it is complete, so answers cannot be out of order, and input that waits is bounded by
 * `limits.readAheadBytes`. Anything malformed is answered and the connection closed; nothing of it is forwarded.
 */
export class Http1Downstream implements Sweepable, BodySink {
  readonly info: ConnectionInfo;
  readonly scheme: 'http' | 'https';
  readonly writer: MessageWriter;
  active: Http1Request | null = null;
  deadline = Number.POSITIVE_INFINITY;
  readonly #socket: Duplex;
  readonly #options: Http1DownstreamOptions;
  readonly #limits: Http1Limits;
  readonly #sweeper: Sweeper;
  readonly #held: HeldClient;
  readonly #probePeer: PeerProbe;
  #state: 'open' | 'connecting' | 'lingering' | 'handed-over' | 'closed' = 'open';
  readonly #input = new UnreadInput();
  #decoder: BodyDecoder | null = null;
  #drainedBytes = 0;
  #processing = false;
  #draining = false;
  /** The client sent FIN. */
  #inputEnded = false;
  #inHead = false;
  #lingering: LingeringClose | null = null;

  constructor(socket: Duplex, options: Http1DownstreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.info = options.info;
    this.scheme = options.scheme;
    this.#limits = options.limits ?? defaultHttp1Limits;
    this.#sweeper = options.sweeper;
    this.#probePeer = options.probePeer ?? createPeerProbe();
    this.#held = new HeldClient(socket, options.heldSweeper ?? options.sweeper, this.#probePeer, () => this.#heldClientGone());
    this.writer = new MessageWriter(socket);
    this.#sweeper.add(this);
    this.deadline = this.#sweeper.now + this.#limits.idleTimeoutMs;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
    socket.resume();
  }

  /** Finish the request in progress, tell the client so, then close. Closes at once when idle. */
  drain(): void {
    this.#draining = true;
    if (this.active !== null) this.active.closing = true;
    else if (this.#state === 'open') this.#closeGently();
  }

  /** Cuts the connection; a request in progress ends with reason `shutdown`. */
  close(): void {
    const request = this.active;
    this.active = null;
    request?.fail('shutdown');
    this.#socket.destroy();
  }

  // ── for Http1Request ──

  /** The body's consumer reads again. */
  continueReading(): void {
    if (this.#state !== 'open') return;
    this.#armBodyDeadline();
    this.#process();
  }

  /** The rest of the body is too long to wait for, or may never come: say `connection: close` up front. */
  mustCloseAfterEarlyResponse(request: Http1Request): boolean {
    if (request.expectContinue && !request.continued && request.bytesReceived === 0) return true;
    const remaining = this.#decoder?.remaining ?? 0;
    return remaining !== Number.POSITIVE_INFINITY && remaining > this.#limits.drainBytes;
  }

  endResponse(request: Http1Request, trailers: HeaderMap | null): void {
    const complete = this.writer.end(trailers, (error?: Error | null) => request.settle(error));
    if (!complete) {
      this.active = null;
      this.#cut();
      return;
    }
    if (this.#decoder !== null && !request.closing) {
      // Early response: what is left of the request is read and thrown away, within reason, before the next one.
      this.#drainedBytes = 0;
      this.deadline = this.#sweeper.now + this.#limits.bodyIdleTimeoutMs;
      this.continueReading();
      return;
    }
    this.#finishExchange(request);
  }

  /** Cuts the connection so that the client cannot mistake it for a proper end. */
  abort(): void {
    this.active = null;
    this.writer.discard();
    this.#cut();
  }

  handOver(head: string): Duplex {
    this.active = null;
    this.#state = 'handed-over';
    this.#sweeper.remove(this);
    this.#held.watch(false);
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.pause();
    this.writer.interim(head);
    this.writer.flush();
    const rest = this.#input.take();
    if (rest !== null) socket.unshift(rest);
    return socket;
  }

  onBody(chunk: Buffer): boolean {
    const request = this.active;
    if (request === null) return false;
    request.bytesReceived += chunk.length;
    if (request.ended) {
      this.#drainedBytes += chunk.length;
      return this.#drainedBytes <= this.#limits.drainBytes;
    }
    this.#armBodyDeadline();
    request.body.onData?.(chunk);
    return !request.body.paused && this.active === request;
  }

  onDeadline(now: number): void {
    const request = this.active;
    if (this.#lingering !== null) this.#checkLingering(this.#lingering, now);
    else if (request === null) {
      if (this.#inHead) this.#refuse({ status: 408, kind: 'slow-headers', detail: 'request head not complete in time' });
      else this.#closeGently();
    } else if (this.#inputEnded) this.#probe(request);
    else if (request.ended) this.#closeGently();
    else if (this.#decoder !== null && !request.body.paused && !request.headersSent)
      this.#refuse({ status: 408, kind: 'slow-body', detail: 'no request body bytes in time' }, 'timeout');
    else this.deadline = Number.POSITIVE_INFINITY;
  }

  // ── socket events ──

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state !== 'open') return;
    this.#input.append(chunk);
    this.#process();
  };

  readonly #onEnd = (): void => {
    this.#inputEnded = true;
    if (this.#state === 'open') this.#process();
  };

  readonly #onDrain = (): void => {
    this.active?.onDrain?.();
    if (this.#state === 'open') this.#process();
  };

  readonly #onClose = (): void => {
    this.#state = 'closed';
    this.#sweeper.remove(this);
    this.#held.watch(false);
    const request = this.active;
    this.active = null;
    this.#input.clear();
    if (request !== null && !request.ended) request.fail('remote-disconnect');
    this.#options.onClose();
  };

  // ── reading ──

  #process(): void {
    if (this.#processing) return;
    this.#processing = true;
    try {
      while (this.#state === 'open' && this.#advance());
    } finally {
      this.#processing = false;
    }
    if (this.#state !== 'open') return;
    if (this.#inputEnded) this.#afterFin();
    else this.#applyFlow();
  }

  /** One step; false when nothing more can be done with what is there. */
  #advance(): boolean {
    const request = this.active;
    const input = this.#input;
    if (request === null) {
      // A client that pipelines and does not read its answers waits here.
      if (input.bytes === null || this.#socket.writableLength > this.#limits.readAheadBytes) return false;
      return this.#readHead();
    }
    const decoder = this.#decoder;
    if (decoder === null || input.bytes === null || (request.body.paused && !request.ended)) return false;
    input.consumeTo(decoder.decode(input.bytes, input.at, this));
    if (this.#state !== 'open') return false;
    if (decoder.error !== null) {
      this.#refuse(decoder.error, 'protocol-error');
      return false;
    }
    if (decoder.done && this.active === request) this.#endBody(request, decoder);
    else if (request.ended && this.#drainedBytes > this.#limits.drainBytes) this.#finishExchange(request, true);
    return true;
  }

  #endBody(request: Http1Request, decoder: BodyDecoder): void {
    this.#decoder = null;
    this.deadline = Number.POSITIVE_INFINITY;
    request.body.complete = true;
    request.body.trailers = decoder.trailers;
    if (request.ended) this.#finishExchange(request);
    else request.body.deliverEnd();
  }

  #readHead(): boolean {
    const head = takeHead(this.#input, this.#limits);
    if (head === 'nothing') return false;
    if (head === 'partial') {
      if (!this.#inHead) this.deadline = this.#sweeper.now + this.#limits.headersTimeoutMs;
      this.#inHead = true;
      return false;
    }
    this.#inHead = false;
    if (!isHttp1Error(head)) return this.#startRequest(head);
    this.#refuse(head);
    return false;
  }

  #startRequest(head: RequestHead): boolean {
    if (head.version === 'HTTP/1.0') {
      this.#refuse({ status: 426, kind: 'low-version', detail: 'HTTP/1.0 is not served' });
      return false;
    }
    this.deadline = Number.POSITIVE_INFINITY;
    if (head.method === 'CONNECT') {
      this.#startConnect(head);
      return false;
    }
    const request = new Http1Request(this, head);
    if (this.#draining) request.closing = true;
    this.active = request;
    this.#decoder = head.framing.kind === 'none' ? null : createBodyDecoder(head.framing, this.#limits);
    this.#options.onRequest(request);
    return true;
  }

  #startConnect(head: RequestHead): void {
    const { onConnect } = this.#options;
    if (onConnect === null || head.framing.kind !== 'none') {
      this.#refuse({ status: onConnect === null ? 405 : 400, kind: 'connect', detail: 'CONNECT is not served here' });
      return;
    }
    // Bytes that follow belong to the tunnel: nothing is parsed until it is accepted or refused.
    this.#socket.pause();
    this.#state = 'connecting';
    const { info } = this;
    onConnect({
      connection: info,
      authority: head.authority,
      headers: head.headers,
      accept: () => this.handOver('HTTP/1.1 200 Connection established\r\n\r\n'),
      refuse: (status, body) => {
        if (this.#state !== 'connecting') return;
        this.#state = 'open';
        this.#answerAndClose({ status, body });
      },
    });
  }

  /** Reads on unless enough waits already. Reading is also how a client's disappearance is noticed, so it stops late. */
  #applyFlow(): void {
    const { waiting } = this.#input;
    const upgrading = this.active !== null && this.active.upgrade !== '';
    if (waiting > this.#limits.readAheadBytes || (upgrading && waiting > 0)) {
      this.#socket.pause();
      this.#held.watch(this.active !== null);
    } else if (this.#socket.isPaused()) {
      this.#socket.resume();
      this.#held.watch(false);
    }
  }

  /** FIN came and what could be consumed is. */
  #afterFin(): void {
    const request = this.active;
    if (request === null) {
      this.#closeGently();
    } else if (this.#decoder !== null) {
      // What came before the FIN may be the whole rest of the body, and the client may still want its answer.
      const waits = request.body.paused && this.#input.bytes !== null;
      if (waits) this.#held.watch(true);
      else this.#disconnected(request);
    } else if (request.upgrade !== '') {
      this.#disconnected(request);
    } else if (this.deadline === Number.POSITIVE_INFINITY) {
      // Requests the client pipelined before its FIN are still answered.
      if (this.#input.bytes === null) request.closing = true;
      this.#probe(request);
    }
  }

  /** Half-closed or gone? Asked again about every second until the response is out. */
  #probe(request: Http1Request): void {
    this.deadline = this.#sweeper.now + 1;
    const socket = this.#socket;
    if (socket.constructor !== Socket) {
      this.#disconnected(request);
      return;
    }
    void this.#probePeer(socket as Socket).then((state) => {
      if (state !== 'open' && this.active === request && !request.ended) this.#disconnected(request);
    });
  }

  #heldClientGone(): void {
    const request = this.active;
    if (request !== null && !request.ended && this.#state === 'open') this.#disconnected(request);
  }

  #disconnected(request: Http1Request): void {
    this.active = null;
    const unfinished = !request.ended;
    this.#socket.destroy();
    if (unfinished) request.fail('remote-disconnect');
  }

  #armBodyDeadline(): void {
    const request = this.active;
    if (request === null || this.#decoder === null) return;
    this.deadline = request.headersSent ? Number.POSITIVE_INFINITY : this.#sweeper.now + this.#limits.bodyIdleTimeoutMs;
  }

  // ── ending ──

  /** Response complete and the request read (or given up): next request, or close. */
  #finishExchange(request: Http1Request, giveUp = false): void {
    this.active = null;
    this.#decoder = null;
    if (request.closing || giveUp || this.#draining || (this.#inputEnded && this.#input.bytes === null)) {
      this.#closeGently();
      return;
    }
    this.deadline = this.#sweeper.now + this.#limits.idleTimeoutMs;
    if (this.#input.bytes !== null && !this.#processing) process.nextTick(this.#processLater);
  }

  readonly #processLater = (): void => {
    if (this.#state === 'open') this.#process();
  };

  /** Answers what the codec cannot accept, and closes. A request already started is told first. */
  #refuse(error: Http1Error, reason: 'protocol-error' | 'timeout' = 'protocol-error'): void {
    const request = this.active;
    this.active = null;
    this.#options.onProtocolError(error, this.info);
    request?.fail(reason);
    if (request?.ended) this.#closeGently();
    else if (request?.headersSent) this.#cut();
    else this.#answerAndClose({ status: error.status, reason: error.kind });
  }

  #answerAndClose(refusal: Http1Refusal): void {
    const { serverName = 'envoy', httpDate } = this.#options;
    this.writer.interim(writeRefusal(refusal, serverName, httpDate?.()));
    this.#closeGently();
  }

  #closeGently(): void {
    if (this.#state !== 'open') return;
    this.#state = 'lingering';
    this.#held.watch(false);
    this.#input.clear();
    this.#decoder = null;
    this.writer.flush();
    this.#lingering = new LingeringClose(this.#socket, this.#limits);
    this.deadline = this.#sweeper.now + this.#limits.lingerMs;
  }

  #checkLingering(lingering: LingeringClose, now: number): void {
    const againMs = lingering.check();
    if (againMs !== null) this.deadline = now + againMs;
  }

  #cut(): void {
    this.#state = 'closed';
    if (this.#socket.constructor === Socket) (this.#socket as Socket).resetAndDestroy();
    else this.#socket.destroy();
  }
}

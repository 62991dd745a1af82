import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HeaderMap } from '../header-map.ts';
import { type BodyDecoder, type BodySink, createBodyDecoder } from '../http1/body-decoder.ts';
import { defaultHttp1Limits, type Http1Limits } from '../http1/limits.ts';
import { MessageWriter } from '../http1/message-writer.ts';
import { checkPartialHead, type Http1Error, isHttp1Error, parseRequestHead, type RequestHead } from '../http1/parse-head.ts';
import { scanHead } from '../http1/scan-head.ts';
import { statusLine } from '../http1/write-head.ts';
import type { ConnectionInfo, DownstreamRequest } from '../stream.ts';
import { HeldClient } from './held-client.ts';
import { Http1Request } from './http1-request.ts';
import { createPeerProbe, type PeerProbe } from './peer-state.ts';
import type { Sweepable, Sweeper } from './sweeper.ts';

/** A CONNECT request: exactly one of accept and refuse answers it. */
export interface ConnectRequest {
  readonly connection: ConnectionInfo;
  /** `host:port` */
  readonly authority: string;
  readonly headers: HeaderMap;
  /** Sends 200 and hands over the byte stream, paused; bytes that followed the request come first. */
  accept(): Duplex;
  /** Answers with a status and text body, then closes. */
  refuse(status: number, body: string): void;
}

export interface Http1DownstreamOptions {
  info: ConnectionInfo;
  /** Scheme of origin-form requests: https behind any TLS. */
  scheme: 'http' | 'https';
  sweeper: Sweeper;
  limits?: Http1Limits;
  /** `server` header of the codec's own answers. */
  serverName?: string;
  /** Their `date`; without it they have none. */
  httpDate?: () => string;
  onRequest(request: DownstreamRequest): void;
  /** Null: CONNECT is answered 405. */
  onConnect: ((request: ConnectRequest) => void) | null;
  /** A request was refused by the codec; Envoy's flag for it is DPE. `error.kind` is stable and meant for counting. */
  onProtocolError(error: Http1Error, info: ConnectionInfo): void;
  /** The socket is gone, also after an upgrade handed it over. */
  onClose(): void;
  /** Decides what a FIN during a response means, and whether a client whose bytes are held back is still there. */
  probePeer?: PeerProbe;
  /** Asks about clients held back; ticks several times a second, so that two sidecars in a row notice within one. */
  heldSweeper?: Sweeper;
}

/** Envoy's words for refusals of its codec. */
const refusalBodies: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  // Envoy's words for a head or a body that takes too long.
  408: 'stream timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

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
  /** Bytes read and not consumed, from #at. */
  #input: Buffer | null = null;
  #at = 0;
  #decoder: BodyDecoder | null = null;
  #drainedBytes = 0;
  #processing = false;
  #draining = false;
  /** The client sent FIN. */
  #inputEnded = false;
  #inHead = false;
  #lastWritten = 0;

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
    const rest = this.#takeRest();
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
    if (this.#state === 'lingering') this.#lingerDeadline(now);
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
    if (this.#input === null) {
      this.#input = chunk;
      this.#at = 0;
    } else {
      this.#input = Buffer.concat([this.#at === 0 ? this.#input : this.#input.subarray(this.#at), chunk]);
      this.#at = 0;
    }
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
    this.#input = null;
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
    if (request === null) {
      // A client that pipelines and does not read its answers waits here.
      if (this.#input === null || this.#socket.writableLength > this.#limits.readAheadBytes) return false;
      return this.#readHead();
    }
    const decoder = this.#decoder;
    if (decoder === null || this.#input === null || (request.body.paused && !request.ended)) return false;
    this.#at = decoder.decode(this.#input, this.#at, this);
    if (this.#state !== 'open') return false;
    if (this.#at === this.#input?.length) this.#input = null;
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
    const input = this.#input!;
    // RFC 9112 §2.2: an empty line before a request is skipped.
    if (!this.#inHead && input[this.#at] === 0x0d && input[this.#at + 1] === 0x0a) this.#at += 2;
    const start = this.#at;
    if (start >= input.length) {
      this.#input = null;
      return false;
    }
    const { end, clean } = scanHead(input, start);
    const { requestHeadBytes } = this.#limits;
    if (end === -1 || end + 4 - start > requestHeadBytes) return this.#awaitHead(input, start, end !== -1);
    this.#inHead = false;
    const head = parseRequestHead(input.toString('latin1', start, end), this.#limits, clean);
    this.#at = end + 4;
    if (this.#at === input.length) this.#input = null;
    if (isHttp1Error(head)) {
      this.#refuse(head);
      return false;
    }
    return this.#startRequest(head);
  }

  /** The head is not complete, or too long. */
  #awaitHead(input: Buffer, start: number, tooLong: boolean): boolean {
    if (tooLong || input.length - start > this.#limits.requestHeadBytes) {
      const lineEnd = input.indexOf('\r\n', start);
      const longTarget = lineEnd === -1 || lineEnd - start > this.#limits.targetBytes + 32;
      this.#refuse(
        longTarget
          ? { status: 414, kind: 'target-length', detail: `target over ${this.#limits.targetBytes} bytes` }
          : { status: 431, kind: 'head-length', detail: `head over ${this.#limits.requestHeadBytes} bytes` },
      );
      return false;
    }
    const error = checkPartialHead(input.toString('latin1', start));
    if (error !== null) this.#refuse(error);
    else if (!this.#inHead) {
      this.#inHead = true;
      this.deadline = this.#sweeper.now + this.#limits.headersTimeoutMs;
    }
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
        this.#answerAndClose(status, body);
      },
    });
  }

  /** Reads on unless enough waits already. Reading is also how a client's disappearance is noticed, so it stops late. */
  #applyFlow(): void {
    const waiting = this.#input === null ? 0 : this.#input.length - this.#at;
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
      const waits = request.body.paused && this.#input !== null;
      if (waits) this.#held.watch(true);
      else this.#disconnected(request);
    } else if (request.upgrade !== '') {
      this.#disconnected(request);
    } else if (this.deadline === Number.POSITIVE_INFINITY) {
      // Requests the client pipelined before its FIN are still answered.
      if (this.#input === null) request.closing = true;
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
    if (request.closing || giveUp || this.#draining || (this.#inputEnded && this.#input === null)) {
      this.#closeGently();
      return;
    }
    this.deadline = this.#sweeper.now + this.#limits.idleTimeoutMs;
    if (this.#input !== null && !this.#processing) process.nextTick(this.#processLater);
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
    else this.#answerAndClose(error.status, refusalBodies[error.status] ?? 'Bad Request', error.kind);
  }

  #answerAndClose(status: number, body: string, reason = ''): void {
    const { serverName: server = 'envoy', httpDate } = this.#options;
    const date = httpDate === undefined ? '' : `date: ${httpDate()}\r\n`;
    const text = `content-length: ${Buffer.byteLength(body)}\r\ncontent-type: text/plain\r\n`;
    const why = reason === '' ? '' : `x-drydock-protocol-error: ${reason}\r\n`;
    this.writer.interim(`${statusLine(status)}${body === '' ? 'content-length: 0\r\n' : text}${why}${date}server: ${server}\r\n`);
    this.writer.interim(`connection: close\r\n\r\n${body}`);
    this.#closeGently();
  }

  /** FIN after what is written; the client's bytes are read and dropped meanwhile, so that our answer is not lost to a reset. */
  #closeGently(): void {
    if (this.#state !== 'open') return;
    this.#state = 'lingering';
    this.#held.watch(false);
    this.#input = null;
    this.#decoder = null;
    this.writer.flush();
    this.#lastWritten = this.#socket.writableLength;
    this.deadline = this.#sweeper.now + this.#limits.lingerMs;
    this.#socket.end();
    this.#socket.resume();
  }

  #lingerDeadline(now: number): void {
    const unsent = this.#socket.writableLength;
    if (unsent === 0 || unsent === this.#lastWritten) this.#socket.destroy();
    else {
      // The client is still taking its response.
      this.#lastWritten = unsent;
      this.deadline = now + Math.max(this.#limits.lingerMs, this.#limits.bodyIdleTimeoutMs);
    }
  }

  #cut(): void {
    this.#state = 'closed';
    if (this.#socket.constructor === Socket) (this.#socket as Socket).resetAndDestroy();
    else this.#socket.destroy();
  }

  #takeRest(): Buffer | null {
    const input = this.#input;
    if (input === null || this.#at >= input.length) return null;
    const rest = this.#at === 0 ? input : input.subarray(this.#at);
    this.#input = null;
    return rest;
  }
}

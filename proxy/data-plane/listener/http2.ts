import type { Duplex } from 'node:stream';
import { createSystemClock } from '../../shared/system-clock.ts';
import type { Clock, Timer } from '../clock.ts';
import { HeaderMap } from '../header-map.ts';
import type { RequestHead } from '../http2/header-rules.ts';
import { Http2Session } from '../http2/session.ts';
import type { Http2Stream, StreamHandler } from '../http2/stream.ts';
import { fromHttp2Fields } from '../http2-headers.ts';
import type { ConnectionInfo, DownstreamRequest } from '../stream.ts';
import { Http2Request } from './http2-request.ts';

export interface Http2DownstreamOptions {
  info: ConnectionInfo;
  /** Scheme when the request names none: https behind any TLS. */
  scheme: 'http' | 'https';
  onRequest(request: DownstreamRequest): void;
  onClose(): void;
  /** The peer broke the protocol (bad frames, floods, malformed requests). */
  onProtocolError?(detail: string, info: ConnectionInfo): void;
  maxConcurrentStreams?: number;
  /** A connection without requests is closed after this long without a byte; Envoy's common_http_protocol_options.idle_timeout, one hour. */
  idleTimeoutMs?: number;
  /** A response the client gives no window for, or does not read: the connection is cut after this long without a byte, either way. */
  flushTimeoutMs?: number;
  /** The system's by default. */
  clock?: Clock;
}

const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** Names, values and 32 bytes each, as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
const headBytes = 64 * 1024;
const headerCount = 208;
/** What a host may not hold that stands in for :authority; the same rule as in HTTP/1.1. */
const badAuthority = /[\s@/?#\\]/;

/**
 * Server side of one HTTP/2 connection (prior knowledge, or h2 by ALPN). The session (http2/) does frames, flow control, malformed heads and
 * floods; what needs an answer instead of a reset is decided here: heads that are somewhat too large, authority against host, CONNECT.
 */
export class Http2Downstream {
  readonly info: ConnectionInfo;
  readonly #options: Http2DownstreamOptions;
  readonly #session: Http2Session;
  /** Requests not over yet. */
  readonly #live = new Set<Http2Request>();
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #quietMs = 0;
  #activityBefore = -1;

  constructor(socket: Duplex, options: Http2DownstreamOptions) {
    this.info = options.info;
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    const handler = {
      onRequest: (stream: Http2Stream, head: RequestHead, listBytes: number) => this.#onRequest(stream, head, listBytes),
      onRefused: (reason: string) => options.onProtocolError?.(reason, options.info),
      onSettings: ignore,
      onGoaway: ignore,
      onError: (error: Error) => options.onProtocolError?.(error.message, options.info),
      onClose: () => {
        this.#timer?.cancel();
        options.onClose();
      },
    };
    this.#session = new Http2Session(socket, 'server', handler, {
      maxConcurrentStreams: options.maxConcurrentStreams ?? 100,
      streamWindowBytes,
      connectionWindowBytes,
      // Twice what we take: a head that is somewhat too large is told so with 431, a bomb is reset before it costs memory.
      headerLimits: { bytes: 2 * headBytes, count: 2 * headerCount },
      now: this.#clock.now,
    });
    this.#watchQuiet(options.idleTimeoutMs ?? 3_600_000, options.flushTimeoutMs ?? 300_000);
  }

  /** GOAWAY: streams in progress end, then the connection closes. */
  drain(): void {
    this.#session.drain();
  }

  close(): void {
    this.#session.destroy();
  }

  /** For its requests. */
  onRequestOver(request: Http2Request): void {
    this.#live.delete(request);
  }

  /** Looks once a step whether anything moved, in either direction. */
  #watchQuiet(idleTimeoutMs: number, flushTimeoutMs: number): void {
    const step = Math.min(idleTimeoutMs, flushTimeoutMs);
    this.#timer = this.#clock.setTimer(() => {
      const { activity } = this.#session;
      this.#quietMs = activity === this.#activityBefore ? this.#quietMs + step : step;
      this.#activityBefore = activity;
      const held = [...this.#live].some((request) => request.holdsResponse);
      if (held && this.#quietMs >= flushTimeoutMs) this.#session.destroy();
      else if (this.#live.size === 0 && this.#quietMs >= idleTimeoutMs) this.#session.drain();
      if (!this.#session.ended) this.#watchQuiet(idleTimeoutMs, flushTimeoutMs);
    }, step);
  }

  #onRequest(stream: Http2Stream, head: RequestHead, listBytes: number): StreamHandler {
    const { info, onProtocolError } = this.#options;
    this.#quietMs = 0;
    const headers = fromHttp2Fields(head.fields, 'request');
    const hosts = headers.getAll('host');
    const authority = head.authority !== '' ? head.authority : (hosts[0] ?? '');
    const refusal = refusalOf(head, authority, hosts, listBytes);
    headers.remove('host');
    const expectContinue = headers.get('expect')?.toLowerCase() === '100-continue';
    headers.remove('expect');
    const request = new Http2Request(stream, this, {
      connection: info,
      method: head.method,
      scheme: head.scheme === 'https' || head.scheme === 'http' ? head.scheme : this.#options.scheme,
      authority,
      path: head.path,
      headers,
      expectContinue,
    });
    // The stream knows its handler only when this has returned.
    stream.handler = request;
    if (refusal === null) {
      this.#live.add(request);
      this.#options.onRequest(request);
    } else {
      onProtocolError?.(refusal.reason, info);
      request.sendHeaders(refusal.status, new HeaderMap(), true);
    }
    return request;
  }
}

/** Why a well-formed head is answered here. */
function refusalOf(
  head: RequestHead,
  authority: string,
  hosts: readonly string[],
  listBytes: number,
): { status: number; reason: string } | null {
  if (listBytes > headBytes || head.fields.length > 2 * headerCount)
    return { status: 431, reason: 'the request head is too large' };
  if (head.method === 'CONNECT') return { status: 405, reason: 'CONNECT' };
  if (hosts.some((host) => host.toLowerCase() !== authority.toLowerCase())) {
    return { status: 400, reason: ':authority and host differ' };
  }
  return badAuthority.test(authority) ? { status: 400, reason: 'authority is malformed' } : null;
}

function ignore(): void {}

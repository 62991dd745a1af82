import type { Duplex } from 'node:stream';

export type DetectedProtocol =
  /** A TLS ClientHello. */
  | 'tls'
  /** The HTTP/2 connection preface: h2c with prior knowledge, or h2 inside TLS. */
  | 'http2'
  /** Starts like an HTTP/1 request line. */
  | 'http1'
  /** Something else: bytes for a TCP route. */
  | 'raw'
  /** The client closed before saying anything. */
  | 'closed'
  /** Nothing came in time: a server-first protocol. */
  | 'silent';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Longest method we know, and a space. */
const methodBytes = 24;

/**
 * Protocol by the first bytes of a connection; null: more are needed.
 * HTTP/1 means capital letters (and `-`) up to a space: Envoy's http_inspector looks no further than the request line either.
 */
export function detectProtocol(bytes: Buffer): DetectedProtocol | null {
  if (bytes.length === 0) return null;
  if (bytes[0] === 0x16) return bytes.length < 2 ? null : bytes[1] === 0x03 ? 'tls' : 'raw';
  const prefix = Math.min(bytes.length, preface.length);
  if (bytes.compare(preface, 0, prefix, 0, prefix) === 0) {
    return prefix === preface.length ? 'http2' : null;
  }
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 0x20) return i > 0 ? 'http1' : 'raw';
    const letter = (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d;
    // An empty line before the first request is tolerated by the codec.
    if (i === 0 && byte === 0x0d) return 'http1';
    if (!letter || i >= methodBytes) return 'raw';
  }
  return null;
}

export interface DetectOptions {
  /** 'silent' after this long without enough bytes; absent: wait for ever (the caller bounds idle connections). */
  timeoutMs?: number;
  setTimer?: (callback: () => void, delayMs: number) => { cancel(): void };
}

/**
 * Looks at the first bytes of a connection without consuming them: they are put back, the socket is left paused, and `done` is told once.
 * Works on any duplex: accepted sockets, TLS sockets, tunnels inside CONNECT.
 */
export function detect(socket: Duplex, options: DetectOptions, done: (protocol: DetectedProtocol) => void): void {
  let seen: Buffer | null = null;
  const timer =
    options.timeoutMs !== undefined && options.setTimer !== undefined
      ? options.setTimer(() => finish('silent'), options.timeoutMs)
      : null;
  const onData = (chunk: Buffer): void => {
    seen = seen === null ? chunk : Buffer.concat([seen, chunk]);
    const protocol = detectProtocol(seen);
    if (protocol !== null) finish(protocol);
  };
  const onGone = (): void => finish('closed');
  const finish = (protocol: DetectedProtocol): void => {
    timer?.cancel();
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
    if (protocol !== 'closed') {
      socket.pause();
      if (seen !== null) socket.unshift(seen);
    }
    done(protocol);
  };
  socket.on('data', onData);
  socket.on('end', onGone);
  socket.on('close', onGone);
  socket.resume();
}

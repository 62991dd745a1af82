import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/**
 * Ends a connection with RST, as far as the stream has one. Inside TLS it is the TCP connection below that is reset, since a FIN there would
 * read as an orderly end; that happens after the current event, because Node 24 crashes (SIGSEGV) when the socket below goes away while TLS
 * is handing over what it decrypted. TLS closes itself when the socket below has.
 */
export function resetStream(stream: Duplex): void {
  if (stream.destroyed) return;
  if (stream.constructor === Socket) {
    (stream as Socket).resetAndDestroy();
    return;
  }
  const below = stream instanceof TLSSocket && '_parent' in stream ? stream._parent : null;
  if (!(below instanceof Socket) || below.constructor !== Socket) {
    stream.destroy();
    return;
  }
  stream.pause();
  setImmediate(() => {
    if (!below.destroyed) below.resetAndDestroy();
  });
}

import type { Duplex } from 'node:stream';

const maxHelloBytes = 16_384 + 5;

/**
 * The server name a TLS client asks for, without consuming a byte: what was read is put back and the socket left paused. '' when it names
 * none or what came is no ClientHello. `done` is told once; the caller bounds how long a silent client may stay.
 */
export function readServerName(socket: Duplex, done: (serverName: string) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const name = parseServerName(seen);
    if (name !== null) finish(name);
  };
  const onGone = (): void => finish('');
  const finish = (name: string): void => {
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
    socket.pause();
    if (seen.length > 0 && !socket.destroyed) socket.unshift(seen);
    done(name);
  };
  socket.on('data', onData);
  socket.on('end', onGone);
  socket.on('close', onGone);
  socket.resume();
}

/** RFC 8446 §4.1.2 and RFC 6066 §3; null: more bytes are needed. */
export function parseServerName(bytes: Buffer): string | null {
  if (bytes.length < 5) return null;
  const end = 5 + bytes.readUInt16BE(3);
  if (bytes[0] !== 0x16 || end > maxHelloBytes) return '';
  if (bytes.length < end) return null;
  const hello = bytes.subarray(5, end);
  // Type 1, three bytes of length, version, random.
  if (hello[0] !== 1) return '';
  let at = 4 + 2 + 32;
  const skip = (lengthBytes: 1 | 2): void => {
    at = at + lengthBytes <= hello.length ? at + lengthBytes + hello.readUIntBE(at, lengthBytes) : hello.length;
  };
  skip(1);
  skip(2);
  skip(1);
  at += 2;
  while (at + 4 <= hello.length) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    if (type === 0 && at + 9 <= hello.length) {
      const nameLength = hello.readUInt16BE(at + 7);
      return hello.toString('latin1', at + 9, Math.min(at + 9 + nameLength, hello.length)).toLowerCase();
    }
    at += 4 + length;
  }
  return '';
}

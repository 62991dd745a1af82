import type { Duplex } from 'node:stream';

const maxHelloBytes = 16_384 + 5;

/** What a TLS client says before anything is agreed: the server name ('' when it names none) and its protocols. */
export interface ClientHello {
  serverName: string;
  alpn: string[];
}

const silent: ClientHello = { serverName: '', alpn: [] };
const serverNameExtension = 0;
const alpnExtension = 16;

/**
 * A TLS client's hello, without consuming a byte: what was read is put back and the socket left paused. Empty when what came is no
 * ClientHello. `done` is told once; the caller bounds how long a silent client may stay.
 */
export function readClientHello(socket: Duplex, done: (hello: ClientHello) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const hello = parseClientHello(seen);
    if (hello !== null) finish(hello);
  };
  const onGone = (): void => finish(silent);
  const finish = (hello: ClientHello): void => {
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
    socket.pause();
    if (seen.length > 0 && !socket.destroyed) socket.unshift(seen);
    done(hello);
  };
  socket.on('data', onData);
  socket.on('end', onGone);
  socket.on('close', onGone);
  socket.resume();
}

/** RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1; null: more bytes are needed. */
export function parseClientHello(bytes: Buffer): ClientHello | null {
  if (bytes.length < 5) return null;
  const end = 5 + bytes.readUInt16BE(3);
  if (bytes[0] !== 0x16 || end > maxHelloBytes) return silent;
  if (bytes.length < end) return null;
  const hello = bytes.subarray(5, end);
  // Type 1, three bytes of length, version, random.
  if (hello[0] !== 1) return silent;
  let at = 4 + 2 + 32;
  const skip = (lengthBytes: 1 | 2): void => {
    at = at + lengthBytes <= hello.length ? at + lengthBytes + hello.readUIntBE(at, lengthBytes) : hello.length;
  };
  skip(1);
  skip(2);
  skip(1);
  at += 2;
  const said: ClientHello = { serverName: '', alpn: [] };
  while (at + 4 <= hello.length) {
    const type = hello.readUInt16BE(at);
    const content = hello.subarray(at + 4, at + 4 + hello.readUInt16BE(at + 2));
    if (type === serverNameExtension) said.serverName = readName(content);
    else if (type === alpnExtension) said.alpn = readProtocols(content);
    at += 4 + hello.readUInt16BE(at + 2);
  }
  return said;
}

/** A list with one entry: two bytes of its length, a type, two bytes of length, the name. */
function readName(content: Buffer): string {
  if (content.length < 5) return '';
  return content.toString('latin1', 5, Math.min(5 + content.readUInt16BE(3), content.length)).toLowerCase();
}

function readProtocols(content: Buffer): string[] {
  const protocols: string[] = [];
  for (let at = 2; at < content.length; at += 1 + content[at]!) {
    protocols.push(content.toString('latin1', at + 1, Math.min(at + 1 + content[at]!, content.length)));
  }
  return protocols;
}

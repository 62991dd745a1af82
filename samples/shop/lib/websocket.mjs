import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';

/*
 * Just enough of RFC 6455 for a chat: text and binary messages in one frame each, ping, pong, close. No package, no extension.
 */

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const maxMessageBytes = 64 * 1024;
const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** @param {http.IncomingMessage} request an upgrade; answers it */
export function acceptWebSocket(request, socket, head) {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + guid)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  return new Peer(socket, head, false);
}

/** @param {{host: string, port: number | string, path: string, headers: Record<string, string>}} place @returns {Promise<Peer>} */
export function openWebSocket({ headers, ...place }) {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...place, headers: { ...headers, ...upgrade }, agent: false });
    request.once('upgrade', (_response, socket, head) => resolve(new Peer(socket, head, true)));
    request.once('response', (response) => {
      response.resume();
      reject(new Error(`no WebSocket but ${response.statusCode}`));
    });
    request.once('error', reject);
    request.end();
  });
}

class Peer {
  /** @type {(text: string) => void} */
  onText = () => {};
  onClose = () => {};

  constructor(socket, head, isClient) {
    this.socket = socket;
    this.isClient = isClient;
    this.received = head;
    this.isClosed = false;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#read();
    });
    socket.once('close', () => {
      this.isClosed = true;
      this.onClose();
    });
    setImmediate(() => this.#read());
  }

  /** @param {'text' | 'binary' | 'ping' | 'pong' | 'close'} kind */
  send(kind, payload = '') {
    if (this.isClosed || !this.socket.writable) return;
    const bytes = Buffer.from(payload);
    const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
    const head = Buffer.from([0x80 | opcodes[kind], ...length]);
    if (!this.isClient) {
      this.socket.write(Buffer.concat([head, bytes]));
      return;
    }
    const mask = randomBytes(4);
    head[1] |= 0x80;
    this.socket.write(Buffer.concat([head, mask, bytes.map((byte, index) => byte ^ mask[index & 3])]));
  }

  close(code = 1000, reason = '') {
    this.send('close', Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
    this.socket.end();
  }

  #read() {
    for (;;) {
      const data = this.received;
      if (data.length < 2) return;
      const short = data[1] & 0x7f;
      const headBytes = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
      if (data.length < headBytes) return;
      const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
      if (length > maxMessageBytes) {
        this.socket.destroy();
        return;
      }
      const isMasked = (data[1] & 0x80) !== 0;
      const start = headBytes + (isMasked ? 4 : 0);
      if (data.length < start + length) return;
      const mask = data.subarray(headBytes, start);
      const payload = data.subarray(start, start + length).map((byte, index) => (isMasked ? byte ^ mask[index & 3] : byte));
      this.received = data.subarray(start + length);
      this.#take(data[0] & 0x0f, payload);
    }
  }

  #take(opcode, payload) {
    if (opcode === opcodes.text) this.onText(Buffer.from(payload).toString('utf8'));
    else if (opcode === opcodes.ping) this.send('pong', payload);
    else if (opcode === opcodes.close) this.close(payload.length >= 2 ? Buffer.from(payload).readUInt16BE(0) : 1000);
  }
}

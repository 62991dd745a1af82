import http2 from 'node:http2';
import { decode, encode } from './protobuf.mjs';

/*
 * gRPC by hand: node:http2 and five bytes before each message. The server also answers reflection, so that tools know its messages by name.
 */

const reflectionPaths = ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
const maxMessageBytes = 64 * 1024;

/**
 * @param {Record<string, (message: Buffer, call: {send: (message: Buffer) => void, isOpen: () => boolean}) => Promise<void> | void>} methods
 *   `/package.Service/Method` → handler; what it sends are the answers, its end is the call's
 * @param {Buffer} descriptor FileDescriptorProto of the service
 */
export function serveGrpc(port, methods, descriptor) {
  const sessions = new Set();
  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    const path = headers[':path'];
    stream.on('error', () => undefined);
    const reflects = reflectionPaths.includes(path);
    const handle = reflects ? (message, call) => call.send(reflect(message, descriptor)) : methods[path];
    if (!handle) {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const call = { send: (message) => call.isOpen() && stream.write(frame(message)), isOpen: () => !stream.destroyed };
    onMessages(stream, async (message) => {
      await handle(message, call);
      if (!reflects && call.isOpen()) stream.end();
    });
    stream.on('end', () => reflects && stream.end());
  });
  server.listen(port, '127.0.0.1', () => console.log(`gRPC on 127.0.0.1:${port}`));
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      for (const session of sessions) session.destroy();
      server.close(() => process.exit(0));
    });
  }
}

/** A client of one service that keeps its connection. */
export class GrpcClient {
  constructor(host, port, authority) {
    this.url = `http://${host}:${port}`;
    this.authority = authority;
    this.session = null;
  }

  /** Resolves to the answers of a call that ends. `headers`: lower-case, go along. */
  call(path, message, { headers = {}, timeoutMs = 2_000 } = {}) {
    return new Promise((resolve, reject) => {
      const answers = [];
      const stream = this.watch(path, message, (answer) => answers.push(answer), headers);
      const timer = setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), timeoutMs);
      stream.once('close', () => {
        clearTimeout(timer);
        if (stream.grpcStatus === '0') resolve(answers);
        else reject(new Error(`${path}: grpc-status ${stream.grpcStatus || 'none'}`));
      });
    });
  }

  /** Hears answers as they come; the stream's `close` is the end. */
  watch(path, message, onAnswer, headers = {}) {
    this.session = this.session && !this.session.closed && !this.session.destroyed ? this.session : this.#connect();
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': this.authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const note = (received) => {
      stream.grpcStatus = received['grpc-status'] ?? stream.grpcStatus;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    onMessages(stream, onAnswer);
    stream.end(frame(message));
    return stream;
  }

  #connect() {
    const session = http2.connect(this.url);
    session.on('error', () => session.destroy());
    session.on('goaway', () => session.close());
    return session;
  }
}

function onMessages(stream, take) {
  let received = Buffer.alloc(0);
  stream.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 5 && received.length >= 5 + received.readUInt32BE(1)) {
      const end = 5 + received.readUInt32BE(1);
      void take(received.subarray(5, end));
      received = received.subarray(end);
    }
    if (received.length > maxMessageBytes) stream.close();
  });
}

function frame(message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** ServerReflectionResponse: our one file, whatever symbol or file is asked for. */
function reflect(message, descriptor) {
  const host = decode(message).get(1) ?? '';
  return encode([
    [1, host],
    [2, message],
    [4, encode([[1, descriptor]])],
  ]);
}

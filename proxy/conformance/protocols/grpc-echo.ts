import { setTimeout as wait } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';

/* A gRPC service and its client over @grpc/grpc-js. Messages are plain text: no .proto needed to carry them. */

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const definition = {
  unary: { path: '/echo.Echo/Unary', requestStream: false, responseStream: false, ...text },
  serverStream: { path: '/echo.Echo/ServerStream', requestStream: false, responseStream: true, ...text },
  clientStream: { path: '/echo.Echo/ClientStream', requestStream: true, responseStream: false, ...text },
  bidi: { path: '/echo.Echo/Bidi', requestStream: true, responseStream: true, ...text },
} as const;

export interface SeenCall {
  metadata: grpc.Metadata;
  /** Until its deadline; Infinity without one. */
  deadlineMs: number;
}

/**
 * Answers with its name and what was said. `fail:CODE:message` fails trailers-only, `hang` never answers, a number n asks ServerStream for n
 * messages 50 ms apart. The next `failNext` unary calls are UNAVAILABLE.
 */
export class EchoServer {
  readonly calls: SeenCall[] = [];
  cancelled = 0;
  failNext = 0;
  readonly port: number;
  readonly #server: grpc.Server;

  private constructor(server: grpc.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** `tls`: the server ends TLS itself. */
  static async start(name: string, tls?: { certificatePem: string; privateKeyPem: string }): Promise<EchoServer> {
    const server = new grpc.Server();
    let echo: EchoServer | null = null;
    const say = (word: string) => `${name}:${word}`;
    const see = (call: grpc.ServerUnaryCall<string, string> | grpc.ServerDuplexStream<string, string>) => {
      const deadline = call.getDeadline();
      const deadlineMs = (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
      echo!.calls.push({ metadata: call.metadata, deadlineMs });
      call.on('cancelled', () => echo!.cancelled++);
    };
    const trailing = () => {
      const metadata = new grpc.Metadata();
      metadata.set('x-trailing', 'kept');
      return metadata;
    };
    const implementation = {
      unary: (call: grpc.ServerUnaryCall<string, string>, done: grpc.sendUnaryData<string>) => {
        see(call);
        if (echo!.failNext > 0) {
          echo!.failNext--;
          done({ code: 14, details: 'not now' });
          return;
        }
        const failure = /^fail:(\d+):(.*)$/.exec(call.request);
        if (failure !== null) {
          done({ code: Number(failure[1]), details: failure[2]! });
          return;
        }
        if (call.request === 'hang') return;
        const initial = new grpc.Metadata();
        initial.set('x-initial', 'yes');
        call.sendMetadata(initial);
        done(null, say(call.request), trailing());
      },
      serverStream: async (call: grpc.ServerWritableStream<string, string>) => {
        for (let n = 0; n < Number(call.request); n++) {
          if (n > 0) await wait(50);
          call.write(say(String(n)));
        }
        call.end(trailing());
      },
      clientStream: (call: grpc.ServerReadableStream<string, string>, done: grpc.sendUnaryData<string>) => {
        const words: string[] = [];
        call.on('data', (word: string) => words.push(word));
        call.on('end', () => done(null, say(words.join('+')), trailing()));
      },
      bidi: (call: grpc.ServerDuplexStream<string, string>) => {
        see(call);
        call.on('data', (word: string) => call.write(say(word)));
        call.on('end', () => call.end(trailing()));
      },
    };
    server.addService(definition, implementation as unknown as grpc.UntypedServiceImplementation);
    const credentials =
      tls === undefined
        ? grpc.ServerCredentials.createInsecure()
        : grpc.ServerCredentials.createSsl(null, [
            { cert_chain: Buffer.from(tls.certificatePem), private_key: Buffer.from(tls.privateKeyPem) },
          ]);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
    );
    echo = new EchoServer(server, port);
    return echo;
  }

  close(): void {
    this.#server.forceShutdown();
  }
}

export interface Answer {
  code: number;
  details: string;
  messages: string[];
  headers: grpc.Metadata;
  trailers: grpc.Metadata;
}

export interface OpenStream {
  onMessage: ((message: string) => void) | null;
  /** Sends, and waits for the next message. */
  ask(word: string): Promise<string>;
  end(): void;
  cancel(): void;
  done: Promise<Answer>;
}

export interface EchoClient {
  unary(word: string, metadata?: Record<string, string | Buffer>, options?: { deadlineMs?: number }): Promise<Answer>;
  serverStream(word: string): OpenStream;
  clientStream(words: readonly string[]): Promise<Answer>;
  bidi(): OpenStream;
  close(): void;
}

/** What unary and streaming calls have in common; the library's overloads do not. */
type AnyCall = Pick<NodeJS.EventEmitter, 'on'>;

/** `proxy` makes the library dial by CONNECT, as its environment variable does; `authority`: the host to ask for, when not the target's. */
export function openClient(target: string, proxy = '', authority = ''): EchoClient {
  const before = process.env.grpc_proxy;
  if (proxy !== '') process.env.grpc_proxy = proxy;
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': proxy === '' ? 0 : 1,
    // The mesh's retries are tested, not the library's.
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    ...(authority === '' ? {} : { 'grpc.default_authority': authority }),
  });
  // Dialling is lazy, the variable is read when the channel is made.
  if (before === undefined) delete process.env.grpc_proxy;
  else process.env.grpc_proxy = before;

  const watch = (call: AnyCall): OpenStream => {
    const answer: Answer = { code: -1, details: '', messages: [], headers: new grpc.Metadata(), trailers: new grpc.Metadata() };
    const waiting: ((message: string) => void)[] = [];
    const duplex = call as unknown as grpc.ClientDuplexStream<string, string>;
    const stream: OpenStream = {
      onMessage: null,
      ask: (word) =>
        new Promise((resolve) => {
          waiting.push(resolve);
          duplex.write(word);
        }),
      end: () => duplex.end(),
      cancel: () => duplex.cancel(),
      done: new Promise((resolve) => {
        call.on('metadata', (headers: grpc.Metadata) => (answer.headers = headers));
        call.on('data', (message: string) => {
          answer.messages.push(message);
          stream.onMessage?.(message);
          waiting.shift()?.(message);
        });
        call.on('error', () => undefined);
        call.on('status', (status: grpc.StatusObject) =>
          resolve({ ...answer, code: status.code, details: status.details, trailers: status.metadata }),
        );
      }),
    };
    return stream;
  };
  const { requestSerialize: write, responseDeserialize: read } = text;
  return {
    unary: async (word, metadata = {}, options = {}) => {
      const sent = new grpc.Metadata();
      for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
      const deadline = options.deadlineMs === undefined ? Infinity : Date.now() + options.deadlineMs;
      const messages: string[] = [];
      const call = client.makeUnaryRequest('/echo.Echo/Unary', write, read, word, sent, { deadline }, (_error, message) => {
        if (message !== undefined) messages.push(message);
      });
      const answer = await watch(call as unknown as AnyCall).done;
      return { ...answer, messages };
    },
    serverStream: (word) =>
      watch(client.makeServerStreamRequest('/echo.Echo/ServerStream', write, read, word) as unknown as AnyCall),
    clientStream: async (words) => {
      const messages: string[] = [];
      const call = client.makeClientStreamRequest('/echo.Echo/ClientStream', write, read, (_error, message) => {
        if (message !== undefined) messages.push(message);
      });
      for (const word of words) call.write(word);
      call.end();
      const answer = await watch(call as unknown as AnyCall).done;
      return { ...answer, messages };
    },
    bidi: () => watch(client.makeBidiStreamRequest('/echo.Echo/Bidi', write, read) as unknown as AnyCall),
    close: () => client.close(),
  };
}

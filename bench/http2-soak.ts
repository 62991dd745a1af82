/*
 * HTTP/2 over two sidecars until nothing is left to go wrong: gRPC calls of all four kinds by @grpc/grpc-js over several connections (--calls,
 * 100,000), one in 121 cancelled in the middle (the app is a node:http2 server, which ends connections above 33 resets a second), and streams
 * of 64 MiB both ways whose reader is slow. No call may fail that was not cancelled, every byte must come back, and the engine must hold
 * afterwards what it held before.
 */
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, numberOption } from './lib/figures.ts';
import { heapProbe, held } from './lib/held.ts';
import { grpcPair } from './lib/meshes.ts';

const calls = numberOption('calls', 100_000);
const channels = numberOption('connections', 4);
const workers = numberOption('concurrency', 40);
const largeStreams = numberOption('large', 4);
const largeBytes = numberOption('large-mib', 64) * 1024 * 1024;
const chunkBytes = 64 * 1024;

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/echo.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});
const definition = {
  unary: method('Unary', false, false),
  serverStream: method('ServerStream', false, true),
  clientStream: method('ClientStream', true, false),
  bidi: method('Bidi', true, true),
};
const client = grpc.makeGenericClientConstructor(definition, 'Echo');
const word = Buffer.from('{"product":"lantern","stars":5}');

function serve(): Promise<{ server: grpc.Server; port: number }> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(definition, {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => done(null, call.request),
    serverStream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      for (let n = 0; n < 5; n++) call.write(call.request);
      call.end();
    },
    clientStream: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('error', () => undefined);
      call.on('end', () => done(null, Buffer.concat(parts)));
    },
    bidi: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on('error', () => undefined);
      call.on('end', () => call.end());
      call.on('data', (part: Buffer) => {
        if (call.write(part)) return;
        call.pause();
        call.once('drain', () => call.resume());
      });
    },
  });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve({ server, port }) : reject(error),
    );
  });
}

interface Tally {
  ended: number;
  cancelled: number;
  /** Code and words → how often. */
  failures: Map<string, number>;
}
const identity = bytes.serialize;

/** One call of the kind that `n` picks; one in 121 is cancelled a moment later. */
function call(channel: grpc.Client, n: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const mayFail = n % 121 === 7;
    let received = 0;
    const over = (error: grpc.ServiceError | grpc.StatusObject | null, expected: number): void => {
      if (error !== null && error.code !== grpc.status.OK) {
        if (mayFail && error.code === grpc.status.CANCELLED) tally.cancelled++;
        else count(tally, `${error.code} ${error.details}`);
      } else if (received !== expected) count(tally, `${received} bytes instead of ${expected}`);
      else tally.ended++;
      resolve();
    };
    const kind = n % 4;
    const once = (error: grpc.ServiceError | null, value?: Buffer): void => {
      received = value?.length ?? 0;
      over(error, kind === 0 ? word.length : 3 * word.length);
    };
    const started = start(channel, kind, once);
    if (kind === 1 || kind === 3) {
      const stream = started as grpc.ClientReadableStream<Buffer>;
      stream.on('data', (part: Buffer) => (received += part.length));
      stream.on('error', () => undefined);
      stream.on('status', (status: grpc.StatusObject) => over(status, (kind === 1 ? 5 : 3) * word.length));
    }
    if (mayFail) setTimeout(() => started.cancel(), n % 7);
  });
}

function start(channel: grpc.Client, kind: number, once: (error: grpc.ServiceError | null, value?: Buffer) => void): grpc.Call {
  if (kind === 0) return channel.makeUnaryRequest(definition.unary.path, identity, identity, word, once) as unknown as grpc.Call;
  if (kind === 1)
    return channel.makeServerStreamRequest(definition.serverStream.path, identity, identity, word) as unknown as grpc.Call;
  const stream =
    kind === 2
      ? channel.makeClientStreamRequest(definition.clientStream.path, identity, identity, once)
      : channel.makeBidiStreamRequest(definition.bidi.path, identity, identity);
  stream.on('error', () => undefined);
  for (let n = 0; n < 3; n++) stream.write(word);
  stream.end();
  return stream as unknown as grpc.Call;
}

function count(tally: Tally, failure: string): void {
  tally.failures.set(failure, (tally.failures.get(failure) ?? 0) + 1);
}

/** Up and down at once; the reader stops for a moment every megabyte. */
function large(channel: grpc.Client, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const stream = channel.makeBidiStreamRequest(definition.bidi.path, identity, identity);
    const chunk = Buffer.alloc(chunkBytes, 'x');
    let left = largeBytes / chunkBytes;
    let received = 0;
    const more = (): void => {
      while (left > 0) {
        left--;
        if (!stream.write(chunk)) {
          stream.once('drain', more);
          return;
        }
      }
      stream.end();
    };
    stream.on('data', (part: Buffer) => {
      received += part.length;
      if (received % (1024 * 1024) !== 0) return;
      stream.pause();
      setTimeout(() => stream.resume(), 5);
    });
    stream.on('error', () => undefined);
    stream.on('status', (status: grpc.StatusObject) => {
      if (status.code !== grpc.status.OK || received !== largeBytes)
        count(tally, `large: ${status.code} ${status.details}, ${received} bytes`);
      else tally.ended++;
      resolve();
    });
    more();
  });
}

async function round(address: string, howMany: number, tally: Tally): Promise<void> {
  const options = {
    'grpc.default_authority': 'reviews:9080',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  };
  const open = Array.from({ length: channels }, () => new client(address, grpc.credentials.createInsecure(), options));
  let next = 0;
  const work = Array.from({ length: workers }, async (_, worker) => {
    while (next < howMany) await call(open[worker % channels]!, next++, tally);
  });
  const heavy = Array.from({ length: largeStreams }, (_, n) => large(open[n % channels]!, tally));
  await Promise.all([...work, ...heavy]);
  for (const one of open) one.close();
}

await inTemporaryFolder(async (home) => {
  const probeFile = path.join(home, 'probe.jsonl');
  process.env.DRYDOCK_HEAP_PROBE = probeFile;
  const tally: Tally = { ended: 0, cancelled: 0, failures: new Map() };
  const { server, port } = await serve();
  const engine = await EngineProcess.start({
    home,
    yaml: grpcPair(port).replace('timeout: 10s', 'timeout: 0s'),
    nodeArguments: ['--expose-gc', '--import', heapProbe],
  });
  try {
    const address = engine.address('web-v1-0', 'outbound');
    await round(address, Math.min(20_000, calls), tally);
    const before = await held(engine, probeFile);
    await round(address, calls, tally);
    const after = await held(engine, probeFile);
    for (const [failure, times] of tally.failures) console.log(`  ${times} × ${failure}`);
    console.log(`${tally.ended} ended well, ${tally.cancelled} cancelled; ${engine.residentMb().toFixed(0)} MB resident`);
    for (const [name, one] of Object.entries({ before, after })) {
      console.log(`${name.padEnd(7)} heap ${one.heapMb.toFixed(2)} MB, ${one.descriptors} descriptors, ${one.timers} timers`);
    }
    const failures = [...tally.failures.values()].reduce((sum, times) => sum + times, 0);
    judge('failed calls', failures, '', (times) => times === 0, '0');
    judge('heap more than after warm-up', after.heapMb - before.heapMb, 'MB', (mb) => mb < 4, '< 4');
    judge('descriptors more than after warm-up', after.descriptors - before.descriptors, '', (times) => times <= 0, '≤ 0');
    judge('timers more than after warm-up', after.timers - before.timers, '', (times) => times <= 0, '≤ 0');
    await sleep(100);
  } finally {
    await engine.stop();
    server.forceShutdown();
  }
});

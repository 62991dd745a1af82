import http2, { type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { frameGrpcMessage, GrpcReader } from '../../shared/grpc-message.ts';
import { readWire, writeBytes } from '../../shared/proto-wire.ts';
import { createSystemClock } from '../../shared/system-clock.ts';
import { listen } from '../../testing/listen.ts';
import { Reflection } from './reflection.ts';

let server: Http2Server | null = null;
afterEach(() => {
  server?.close();
});

/** A service whose reflection answers with `answer(symbol or file)`; `asked` keeps what was asked, by path. */
async function serve(answer: (stream: ServerHttp2Stream, path: string, wanted: string) => void): Promise<string> {
  server = http2.createServer();
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const questions = new GrpcReader(({ data }) => {
      const [field] = readWire(data) ?? [];
      answer(stream, String(headers[':path']), String(field?.value));
    });
    stream.on('data', (chunk: Buffer) => questions.add(chunk));
  });
  return `127.0.0.1:${await listen(server!)}`;
}
function send(stream: ServerHttp2Stream, message: Buffer): void {
  if (!stream.headersSent) stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
  stream.write(frameGrpcMessage(message));
}
const unimplemented = (stream: ServerHttp2Stream) =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
const fileAnswer = (file: Buffer) => writeBytes(4, writeBytes(1, file));
const method = Buffer.concat([writeBytes(1, 'Get'), writeBytes(2, '.shop.Ask'), writeBytes(3, '.shop.Level')]);
const main = Buffer.concat([
  ...[writeBytes(1, 'shop.proto'), writeBytes(2, 'shop'), writeBytes(3, 'level.proto')],
  writeBytes(6, Buffer.concat([writeBytes(1, 'Stock'), writeBytes(2, method)])),
]);
const level = Buffer.concat([
  ...[writeBytes(1, 'level.proto'), writeBytes(2, 'shop')],
  writeBytes(
    4,
    Buffer.concat([writeBytes(1, 'Level'), writeBytes(2, Buffer.concat([writeBytes(1, 'left'), Buffer.from([24, 1, 40, 5])]))]),
  ),
]);
const reflection = (forbidden: string[] = []) => new Reflection({ clock: createSystemClock(), forbidden: () => forbidden });

test('a service’s descriptors are asked once, with what they import, also in the older version', async () => {
  const asked: string[] = [];
  const address = await serve((stream, path, wanted) => {
    asked.push(`${path.split('.')[2]} ${wanted}`);
    if (path.includes('.v1.')) return unimplemented(stream);
    return send(stream, fileAnswer(wanted === 'level.proto' ? level : main));
  });
  const names = reflection();
  const [first, second] = await Promise.all([names.typesOf(address, 'shop.Stock'), names.typesOf(address, 'shop.Stock')]);
  expect(second).toBe(first);
  expect(first.why).toBe('reflection');
  expect(first.types?.methods.get('/shop.Stock/Get')).toEqual({ input: 'shop.Ask', output: 'shop.Level' });
  expect(first.types?.messages.get('shop.Level')?.get(1)?.name).toBe('left');
  expect(asked).toEqual(['v1 shop.Stock', 'v1alpha shop.Stock', 'v1alpha level.proto']);
});

test('no reflection, no such service, no answer, nobody there, or the engine itself: told in words, never thrown', async () => {
  const without = await serve((stream) => unimplemented(stream));
  expect(await reflection().typesOf(without, 'shop.Stock')).toEqual({
    types: null,
    why: 'the service offers no server reflection',
  });
  expect((await reflection([without]).typesOf(without, 'shop.Stock')).types).toBeNull();
  server?.close();
  // error_response {error_code = 1: NOT_FOUND}
  const other = await serve((stream) => send(stream, writeBytes(7, Buffer.from([8, 5]))));
  expect((await reflection().typesOf(other, 'shop.Stock')).why).toBe('server reflection does not know shop.Stock');
  server?.close();
  const silent = await serve(() => undefined);
  expect((await reflection().typesOf(silent, 'shop.Stock')).why).toContain('did not answer in 1500 ms');
  expect((await reflection().typesOf('127.0.0.1:1', 'shop.Stock')).why).toContain('server reflection failed');
});

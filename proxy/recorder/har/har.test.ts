import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { makeBody, makeExchange, makeFolder, realClock } from '../../store/fixtures.ts';
import { Store } from '../../store/store.ts';
import { Recorder } from '../recorder.ts';
import { RecordingEditor } from '../recording-editor.ts';
import { RecordingImporter } from '../recording-importer.ts';
import { Redactor } from '../redact.ts';
import { checkHar } from './check-har.ts';
import { readHar } from './read-har.ts';
import { unzip } from './unzip.ts';
import { writeHar } from './write-har.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 1) });
let folder: ReturnType<typeof makeFolder>;
let store: Store;
let recorder: Recorder;
let importer: RecordingImporter;
beforeEach(async () => {
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
  let n = 0;
  const options = { store, clock: realClock, redactor, random: () => (n++ % 1000) / 1000 };
  recorder = new Recorder(options);
  importer = new RecordingImporter({ ...options, recorder });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

async function record(name: string, exchanges: readonly ExchangeDetail[]): Promise<void> {
  const started = await recorder.start({ name });
  if (!started.ok) throw new Error(started.message);
  recorder.offer(exchanges);
  await recorder.stop(name);
}
async function imported(document: unknown, name?: string) {
  const result = await importer.importDocument(JSON.parse(JSON.stringify(document)), name);
  if (!result.ok) throw new Error(result.message);
  const { exchanges } = (await recorder.exchanges(result.value.id, {}))!;
  return {
    recording: result.value,
    exchanges,
    notes: result.value.notes.map(({ entry, field, message }) => `${entry} ${field}: ${message}`),
  };
}
const log = (entries: unknown[], creator = 'test') => ({
  log: { version: '1.2', creator: { name: creator, version: '1' }, entries },
});
const file = (content: string | Buffer) =>
  (async function* () {
    yield Buffer.from(content);
  })();

const posted: ExchangeDetail = makeExchange(5, {
  ...{ method: 'POST', path: '/orders?a=1&a=2', durationMs: 12.5 },
  request: { headers: [['content-type', 'application/json']], body: makeBody('{"a":"ä"}', 'application/json'), trailers: [] },
  response: {
    headers: [['content-type', 'image/png']],
    body: {
      ...makeBody(''),
      bytes: 3,
      capturedBytes: 3,
      encoding: 'base64',
      content: Buffer.from([255, 0, 1]).toString('base64'),
    },
    trailers: [],
  },
});

describe('an export', () => {
  test('read back is the same recording: same exchanges, same ids, same export', async () => {
    await record('checkout', [posted, makeExchange(4)]);
    const har = (await recorder.exportHar('checkout'))!;
    const { recording } = await imported(har, 'checkout');
    expect(recording).toMatchObject({ name: 'checkout', state: 'stopped', exchanges: 2, dropped: 0, notes: [] });
    expect(await recorder.exportHar(recording.id)).toEqual(har);
  });

  test('loses nothing of any exchange, and is HAR 1.2, whatever the exchange', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const pairs = fc.array(fc.tuple(fc.constantFrom('a', 'X-B', 'cookie', 'set-cookie', 'location', 'content-type'), text), {
      maxLength: 4,
    });
    const body = fc.option(
      fc.record({
        bytes: fc.nat(99_999),
        capturedBytes: fc.nat(999),
        truncated: fc.boolean(),
        encoding: fc.constant('base64' as const),
        content: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        contentType: text,
        contentEncoding: fc.constantFrom('', 'gzip', 'br', 'zstd, gzip', 'unheard-of'),
      }),
    );
    const message = fc.record({ headers: pairs, body, trailers: pairs });
    const changes = fc.record({
      ...{
        request: message,
        response: message,
        durationMs: fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }),
      },
      protocol: fc.constantFrom('HTTP/1.1', 'HTTP/2', 'gRPC', 'WebSocket', 'TCP'),
      status: fc.constantFrom(0, 200, 204, 304, 503),
      path: fc.constantFrom('/', '/a?b=%20&c', '/%zz?%', ''),
      endpoint: fc.constantFrom('', '127.0.0.1:80', '[::1]:443'),
      authority: fc.constantFrom('ratings:9080', '', '[::1]:80'),
      redacted: fc.array(text, { maxLength: 2 }),
      simulated: fc.boolean(),
      standIn: fc.constant({ simulation: 'sim-1', recording: 'r', outcome: 'exact' as const, answeredBy: 'x', nearest: null }),
      annotation: fc.constant({ pinned: true, note: 'slow' }),
      attempts: fc.array(
        fc.record({
          ...{ endpoint: text, status: fc.nat(599), flag: text, startMs: fc.nat(99), durationMs: fc.nat(99) },
          ...{ connectMs: fc.double({ min: 0, max: 1e7, noNaN: true }), reused: fc.boolean() },
        }),
        { maxLength: 2 },
      ),
    });
    const recording = { name: 'r', note: 'n', filter: { to: 'x' }, startedAt: '2026-01-01T00:00:00.000Z', stoppedAt: null };
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 4 }), (list) => {
        const exchanges = list.map((change, n) => makeExchange(n, change as Partial<ExchangeDetail>));
        const har = JSON.parse(JSON.stringify(writeHar(recording as never, exchanges)));
        expect(checkHar(har)).toEqual([]);
        const read = readHar(har, (i) => `new${i}`);
        if (typeof read === 'string') throw new Error(read);
        expect(read.exchanges).toEqual(JSON.parse(JSON.stringify(exchanges)));
        expect(read).toMatchObject({ name: 'r', note: 'n', filter: { to: 'x' }, startedAt: recording.startedAt, skipped: 0 });
        expect(read.notes.list()).toEqual([]);
        expect(JSON.parse(JSON.stringify(writeHar(recording as never, read.exchanges)))).toEqual(har);
      }),
      { numRuns: 200, seed: 11 },
    );
  });

  test('has what every reader expects', async () => {
    await record('r', [
      posted,
      makeExchange(6, {
        request: { headers: [['cookie', 'a=1; b=2=3']], body: null, trailers: [] },
        response: {
          headers: [['Set-Cookie', 'theme=dark; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT']],
          body: null,
          trailers: [],
        },
        attempts: [{ endpoint: '127.0.0.1:1', status: 200, flag: '', startMs: 0, durationMs: 4, connectMs: 2 }],
      }),
    ]);
    const har = (await recorder.exportHar('r'))!;
    expect(checkHar(har)).toEqual([]);
    expect(har.log.entries[0]).toMatchObject({
      ...{ startedDateTime: posted.time, time: 12.5 },
      request: {
        ...{ method: 'POST', url: 'http://ratings:9080/orders?a=1&a=2' },
        queryString: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
        postData: { mimeType: 'application/json', text: '{"a":"ä"}' },
      },
      response: { status: 200, content: { size: 3, encoding: 'base64', text: '/wAB' } },
    });
    expect(har.log.entries[1]).toMatchObject({
      request: { cookies: [{ name: 'a' }, { name: 'b' }] },
      response: { cookies: [{ name: 'theme', path: '/', httpOnly: true, secure: false, expires: '2026-10-21T07:28:00.000Z' }] },
      timings: { connect: 2, ssl: -1, wait: 3 },
      ...{ serverIPAddress: '127.0.0.1' },
    });
  });
});

describe('a HAR of', () => {
  test('Chrome: WebSocket frames, forms in fields, HTTP/2 by its short name, blocked requests', async () => {
    const { exchanges, notes } = await imported(
      log(
        [
          {
            ...{
              startedDateTime: '2026-03-01T10:00:00.000+01:00',
              time: 40.2,
              _initiator: { type: 'script' },
              _priority: 'High',
              serverIPAddress: '[::1]',
            },
            request: {
              ...{ method: 'POST', url: 'https://shop.example:8443/login?next=%2F', httpVersion: 'h2', bodySize: 11 },
              headers: [
                { name: ':authority', value: 'shop.example' },
                { name: 'Accept', value: '*/*' },
              ],
              postData: {
                mimeType: 'application/x-www-form-urlencoded',
                params: [
                  { name: 'user', value: 'k m' },
                  { name: 'n', value: '1' },
                ],
              },
            },
            response: {
              ...{ status: 200, httpVersion: 'h2', bodySize: -1, _transferSize: 120 },
              headers: [{ name: 'content-encoding', value: 'br' }],
              content: { size: 5, mimeType: 'text/plain', text: 'aGVsbG8=', encoding: 'base64' },
            },
          },
          {
            ...{ startedDateTime: '2026-03-01T10:00:01.000Z', time: 9, _resourceType: 'websocket' },
            request: { method: 'GET', url: 'wss://shop.example/live', httpVersion: 'http/1.1', headers: [] },
            response: { status: 101, headers: [], content: { size: 0, mimeType: 'x-unknown' } },
            _webSocketMessages: [
              { type: 'send', time: 1772359201.5, opcode: 1, data: 'hi' },
              { type: 'receive', time: 1772359202, opcode: 2, data: '/wA=' },
            ],
          },
          {
            ...{ startedDateTime: '2026-03-01T10:00:02.000Z', time: 0 },
            request: { method: 'GET', url: 'http://blocked.example/', headers: [] },
            response: { status: 0, headers: [], content: { size: 0 }, _error: 'net::ERR_BLOCKED_BY_CLIENT' },
          },
          { request: { method: 'GET', url: 'data:text/plain,hi' } },
        ],
        'WebInspector',
      ),
    );
    expect(exchanges.map(({ path, protocol, status, destination }) => [path, protocol, status, destination])).toEqual([
      ['/login?next=%2F', 'HTTP/2', 200, 'shop'],
      ['/live', 'WebSocket', 101, 'shop'],
      ['/', 'HTTP/1.1', 0, 'blocked'],
    ]);
    expect(exchanges[0]).toMatchObject({
      ...{ time: '2026-03-01T09:00:00.000Z', durationMs: 40.2, endpoint: '[::1]:8443', authority: 'shop.example:8443' },
      request: { headers: [['accept', '*/*']], body: { content: 'user=k+m&n=1' } },
      response: { headers: [], body: { content: 'hello', encoding: 'utf8' } },
    });
    expect(exchanges[1]!.messages?.items).toMatchObject([
      { dir: 'up', kind: 'text', content: 'hi', offsetMs: expect.closeTo(500, 0) },
      { dir: 'down', kind: 'binary', content: '/wA=', bytes: 2, encoding: 'base64' },
    ]);
    expect(notes).toEqual([
      'entry 1 request.postData: has fields and no text: the body is put together from them',
      'entry 3 response: has no status (net::ERR_BLOCKED_BY_CLIENT): it is taken as a call without an answer',
      'entry 4 request.url: data: is not HTTP; the entry is left out',
    ]);
  });

  test('Firefox: bodies that are not in the file are told, times come from the timings', async () => {
    const { exchanges, notes } = await imported(
      log([
        {
          startedDateTime: '2026-03-01T10:00:00.000+00:00',
          timings: { blocked: 2, dns: -1, connect: 5, ssl: 4, send: 0, wait: 10, receive: 3 },
          request: {
            method: 'GET',
            url: 'http://127.0.0.1:8080/a',
            httpVersion: 'HTTP/1.1',
            headers: [{ name: 'Host', value: 'x' }],
            headersSize: 300,
          },
          response: {
            status: 200,
            headers: [{ name: 'Content-Length', value: '900' }],
            content: { mimeType: 'text/html', size: 900, comment: 'truncated' },
          },
        },
      ]),
    );
    expect(exchanges[0]).toMatchObject({
      durationMs: 20,
      destination: '127.0.0.1',
      response: { body: null, headers: [['content-length', '900']] },
    });
    expect(notes).toEqual(['entry 1 response.content: says 900 bytes and has no text: the body is missing']);
  });

  test('mitmproxy: the compressed length in content.size', async () => {
    const { exchanges, notes } = await imported(
      log([
        {
          ...{ startedDateTime: '2026-03-01T10:00:00Z', time: 3 },
          request: { method: 'GET', url: 'http://a.example/', httpVersion: 'HTTP/2.0', headers: [] },
          response: {
            status: 200,
            bodySize: 3,
            headers: [['Content-Encoding', 'gzip']],
            content: { size: 3, compression: 2, mimeType: '', text: 'hello' },
          },
        },
      ]),
    );
    expect(exchanges[0]).toMatchObject({
      protocol: 'HTTP/2',
      responseBytes: 3,
      response: { headers: [], body: { bytes: 5, content: 'hello' } },
    });
    expect(notes).toEqual(['entry 1 response.content.size: is the compressed length 3; the text has 5 bytes']);
  });

  test('Playwright: bodies beside it, in a ZIP with it or missing', async () => {
    const har = log([
      {
        ...{ startedDateTime: '2026-03-01T10:00:00Z', time: 3 },
        request: { method: 'POST', url: 'http://a.example/', headers: [], postData: { mimeType: 'text/plain', _file: 'p1.txt' } },
        response: { status: 200, headers: [], content: { size: 2, mimeType: 'image/png', _file: 'ab12.png' } },
      },
    ]);
    const { notes } = await imported(har);
    expect(notes).toEqual([
      'entry 1 request.postData: is in the file p1.txt, which did not come along: the body is missing',
      'entry 1 response.content: is in the file ab12.png, which did not come along: the body is missing',
    ]);
    const zipped = zip([
      { name: 'har.har', content: Buffer.from(JSON.stringify(har)), deflate: true },
      { name: 'ab12.png', content: Buffer.from([255, 0]), deflate: false },
      { name: 'p1.txt', content: Buffer.from('typed'), deflate: true },
    ]);
    const result = await importer.importFile(file(zipped), 'zipped');
    expect(result).toMatchObject({ ok: true, value: { name: 'zipped', exchanges: 1, notes: [] } });
    const [exchange] = (await recorder.exchanges('zipped', {}))!.exchanges;
    expect(exchange).toMatchObject({
      request: { body: { content: 'typed' } },
      response: { body: { content: '/wA=', encoding: 'base64' } },
    });
    expect(await importer.importFile(file(zipped.subarray(0, 200)))).toMatchObject({ ok: false, code: 'invalid' });
    expect(await importer.importFile(file(zip([])))).toMatchObject({
      ok: false,
      message: 'The ZIP has 0 .har files: one is expected',
    });
  });

  test('anyone: pairs for headers, numbers for values, no order, no answers, no times; redacted, and all of it told', async () => {
    const { recording, exchanges, notes } = await imported(
      log(
        [
          {
            startedDateTime: '2026-01-01T00:00:02Z',
            request: {
              method: 'get',
              url: 'http://shop.example/b',
              headers: [
                ['X-A', '1'],
                ['X-B', 2],
              ],
            },
            response: { status: 200, headers: { 'X-C': '3' } },
          },
          {
            ...{ startedDateTime: '2026-01-01T00:00:01Z', time: 3 },
            request: {
              method: 'POST',
              url: 'https://shop.example/a',
              httpVersion: 'http/2.0',
              headers: [{ name: ':authority', value: 'x' }],
            },
            response: {
              status: 201,
              headers: [
                { name: 'Content-Encoding', value: 'gzip' },
                { name: 'Set-Cookie', value: 'sid=C4n4ry' },
              ],
              content: { text: '{"token":"C4n4ry"}', mimeType: 'application/json' },
            },
          },
          { request: { url: 'not a url' } },
          null,
          {
            startedDateTime: 'x',
            request: { method: 'GET', url: 'http://shop.example/0' },
            _drydock: { id: 'x', request: {}, time: 5 },
          },
        ],
        'other',
      ),
    );
    expect(recording).toMatchObject({ name: 'imported from other', exchanges: 3, dropped: 2 });
    expect(exchanges.map((x) => x.path)).toEqual(['/0', '/a', '/b']);
    expect(exchanges[1]).toMatchObject({ method: 'POST', status: 201, destination: 'shop', protocol: 'HTTP/2' });
    expect(exchanges[2]).toMatchObject({
      method: 'GET',
      request: {
        headers: [
          ['x-a', '1'],
          ['x-b', '2'],
        ],
      },
      response: { headers: [['x-c', '3']] },
    });
    expect(exchanges[1]!.response.headers.map(([name]) => name)).toEqual(['set-cookie']);
    expect(JSON.stringify(exchanges)).not.toContain('C4n4ry');
    expect(notes.map((note) => note.split(':')[0])).toEqual([
      'entry 3 request.url',
      'entry 4 ',
      'entry 5 response',
      'entry 5 startedDateTime',
      ' log.entries',
    ]);
    for (const wrong of [null, 7, {}, { log: 1 }, { log: { entries: {} } }]) {
      expect(await importer.importDocument(wrong)).toMatchObject({ ok: false, code: 'invalid' });
    }
    expect(await importer.importFile(file('no json'))).toMatchObject({ ok: false, code: 'invalid' });
    expect(await importer.importFile(file(`\uFEFF${JSON.stringify(log([]))}`))).toMatchObject({ ok: true });
  });
});

describe('stubs', () => {
  const simulation = {
    data: {
      pairs: [
        { request: { path: [{ matcher: 'glob', value: '/a/*' }] }, response: { status: 200, body: 'a' } },
        { request: { path: [{ matcher: 'soup', value: '/b' }] }, response: { status: 200, body: 'b' } },
      ],
    },
    meta: { schemaVersion: 'v5.3' },
  };

  test('are kept beside a recording, counted, exported with it and read back', async () => {
    const result = await importer.importFile(file(JSON.stringify(simulation)), 'stubs');
    expect(result).toMatchObject({
      ok: true,
      value: { name: 'stubs', exchanges: 0, stubs: 1, origin: 'imported from Hoverfly' },
    });
    if (!result.ok) return;
    expect(result.value.notes).toMatchObject([{ entry: 'pair 2', field: 'request.path[0]' }]);
    expect(await recorder.list()).toMatchObject([{ stubs: 1 }]);
    const har = (await recorder.exportHar('stubs'))!;
    const back = await imported(har, 'back');
    expect(back.recording).toMatchObject({ stubs: 1, notes: [] });
    const kept = await recorder.stubs.get(result.value.id);
    expect(await recorder.stubs.get(back.recording.id)).toEqual(kept);
    const exported = (await recorder.exportFile('stubs'))!;
    const fromFile = await importer.importFile(exported.bytes, 'from file');
    expect(fromFile).toMatchObject({ ok: true, value: { stubs: 1, exchanges: 0 } });
    const editor = new RecordingEditor({ store, recorder, clock: realClock, random: () => 0.5 });
    const merged = await editor.merge(['stubs', 'back'], 'both');
    expect(merged).toMatchObject({ ok: true });
    expect((await recorder.get('both'))?.stubs).toBe(2);
    await store.deleteRecording(result.value.id);
    await recorder.stubs.sweep();
    expect([await recorder.stubs.get(result.value.id), await recorder.stubs.get(back.recording.id)]).toEqual([null, kept]);
  });

  test('of WireMock come with the files their bodies are in, when its folder is zipped', async () => {
    const mapping = (file: string) =>
      Buffer.from(JSON.stringify({ request: { url: `/${file}` }, response: { bodyFileName: file } }));
    const folder = zip([
      { name: 'wm/mappings/a.json', content: mapping('a.txt'), deflate: true },
      { name: 'wm/mappings/b.json', content: mapping('missing.txt'), deflate: true },
      { name: 'wm/__files/a.txt', content: Buffer.from('from a file'), deflate: false },
    ]);
    const result = await importer.importFile(file(folder), 'zipped');
    expect(result).toMatchObject({
      ok: true,
      value: { stubs: 1, notes: [{ entry: 'mapping 2', field: 'response.bodyFileName' }] },
    });
    const kept = result.ok ? await recorder.stubs.get(result.value.id) : null;
    expect(kept?.stubs[0]?.answer.body).toEqual({ encoding: 'utf8', content: 'from a file' });
  });

  test('of which none can be taken over are no recording', async () => {
    const none = { ...simulation, data: { pairs: simulation.data.pairs.slice(1) } };
    expect(await importer.importDocument(none)).toMatchObject({
      ok: false,
      code: 'invalid',
      message: expect.stringContaining('pair 1 request.path[0]'),
    });
    expect(await recorder.list()).toEqual([]);
  });
});

test('a ZIP that is cut, broken, encrypted or a bomb is refused with a word', () => {
  const good = zip([{ name: 'a', content: Buffer.alloc(1000, 'a'), deflate: true }]);
  expect((unzip(good) as Map<string, Buffer>).get('a')).toHaveLength(1000);
  for (let cut = 0; cut < good.length; cut += 7) expect(typeof unzip(good.subarray(0, cut)), String(cut)).toBe('string');
  const encrypted = Buffer.from(good);
  const directory = encrypted.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  encrypted.writeUInt16LE(1, directory + 8);
  expect(unzip(encrypted)).toBe('a in the ZIP: it is encrypted');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(good.length - 1), (bytes, at) => {
      const spoiled = Buffer.from(good);
      Buffer.from(bytes).copy(spoiled, at);
      unzip(spoiled);
    }),
    { numRuns: 300, seed: 5 },
  );
});

/** As PKWARE's APPNOTE lays it out: local headers with contents, the central directory, its end. */
function zip(files: { name: string; content: Buffer; deflate: boolean }[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate } of files) {
    const packed = deflate ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]);
}

import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBody, makeExchange, makeFolder, realClock } from '../store/fixtures.ts';
import { Store } from '../store/store.ts';
import { importRecordingFile } from './import-recording-file.ts';
import { Recorder } from './recorder.ts';
import { Redactor } from './redact.ts';

let folder: ReturnType<typeof makeFolder>;
let store: Store;
let recorder: Recorder;
const redactor = new Redactor({ key: Buffer.alloc(32, 1) });
let n = 0;
const random = () => (n++ % 1000) / 1000;
beforeEach(async () => {
  folder = makeFolder();
  store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock });
  recorder = new Recorder({ store, clock: realClock, random });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"ann"}').toString('base64url')}.c2lnbmF0dXJl`;
const exchanges = redactor.redact([
  makeExchange(1, {
    path: '/login?token=C4n4ry',
    request: {
      headers: [
        ['Cookie', 'sid=C4n4ry'],
        ['X-Twice', '1'],
        ['X-Twice', '2'],
        ['authorization', `Bearer ${jwt}`],
      ],
      body: makeBody('{"password":"C4n4ry","jwt":"ä"}', 'application/json'),
      trailers: [['x-sum', '1']],
    },
  }),
  makeExchange(2, {
    response: {
      headers: [],
      body: { ...makeBody(''), bytes: 9, capturedBytes: 3, truncated: true, encoding: 'base64', content: '/wAB' },
      trailers: [],
    },
    messages: {
      items: [{ number: 0, dir: 'up', kind: 'text', bytes: 2, offsetMs: 1.5, encoding: 'utf8', content: 'hi', truncated: false }],
      total: 1,
      dropped: 0,
    },
  }),
]);

async function recorded(): Promise<string> {
  const started = await recorder.start({ name: 'checkout', filter: { to: 'ratings' } });
  if (!started.ok) throw new Error(started.message);
  const { id } = started.value;
  recorder.offer(exchanges);
  await recorder.stop(id);
  await store.editRecording(id, { note: 'the slow one' });
  await store.annotateRecorded(id, [exchanges[0]!.id], { pinned: true, note: 'here' });
  return id;
}
async function bytesOf(id: string): Promise<Buffer> {
  const file = await recorder.exportFile(id);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file!.bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function* inPieces(bytes: Buffer, size = 100): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const importFile = (bytes: AsyncIterable<Uint8Array>, name?: string) =>
  importRecordingFile({ store, stubs: recorder.stubs, redactor, clock: realClock, random }, bytes, name);

test('a recording out as a file and in again is the same, marks, note and redaction included', async () => {
  const id = await recorded();
  const bytes = await bytesOf(id);
  const imported = await importFile(inPieces(bytes));
  expect(imported).toMatchObject({
    ok: true,
    value: { name: 'checkout', note: 'the slow one', origin: 'imported from a file', filter: { to: 'ratings' }, exchanges: 2 },
  });
  if (!imported.ok) return;
  expect((await store.recordedExchanges(imported.value.id, {})).exchanges).toEqual(
    (await store.recordedExchanges(id, {})).exchanges,
  );
  const { id: _id, origin: _origin, ...before } = (await store.getRecording(id))!;
  expect(await store.getRecording(imported.value.id)).toMatchObject(before);
  expect(gunzipSync(bytes).toString()).not.toContain('C4n4ry');
  // The same lines, unzipped, and under another name.
  expect(await importFile(inPieces(gunzipSync(bytes), 7), 'again')).toMatchObject({
    ok: true,
    value: { name: 'again', exchanges: 2 },
  });
});

test('a file that is cut off, altered or something else is refused with words, and nothing of it is kept', async () => {
  const id = await recorded();
  const bytes = await bytesOf(id);
  const lines = gunzipSync(bytes).toString().trim().split('\n');
  const text = (...all: string[]) => Buffer.from(`${all.join('\n')}\n`);
  const wrong: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /empty/],
    [Buffer.from('hello'), /not a recording/],
    [text('{"log":{"entries":[]}}'), /first line/],
    [bytes.subarray(0, bytes.length - 20), /unzipped/],
    [text(...lines.slice(0, -1)), /cut off after 2 exchanges/],
    [text(lines[0]!, lines[1]!, lines.at(-1)!), /says it has 2 exchanges, and has 1/],
    [text(lines[0]!, '{"id":"x"}', lines.at(-1)!), /Line 2 is no exchange/],
    [text(lines[0]!, '{', lines.at(-1)!), /Line 2 is not JSON/],
    [text(lines[0]!.replace('"version":1', '"version":9')), /newer Drydock/],
    [gzipSync(Buffer.from('x')), /not a recording/],
  ];
  for (const [file, words] of wrong) {
    expect(await importFile(inPieces(file))).toMatchObject({
      ok: false,
      code: 'invalid',
      message: expect.stringMatching(words),
    });
  }
  expect((await store.listRecordings()).map((one) => one.id)).toEqual([id]);
  expect(await recorder.exportFile('none')).toBeNull();
});

test('what comes in from elsewhere is redacted like traffic', async () => {
  const id = await recorded();
  const text = gunzipSync(await bytesOf(id))
    .toString()
    .replace('"X-Twice"', '"x-api-key"');
  const imported = await importFile(inPieces(Buffer.from(text)));
  expect(imported).toMatchObject({ ok: true, value: { redacted: expect.objectContaining({ 'x-api-key': 1, cookie: 1 }) } });
});

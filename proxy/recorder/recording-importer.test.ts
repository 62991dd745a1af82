import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realClock } from '../store/fixtures.ts';
import { exportedHar, fileOf, ImportBench, makeZip } from './har/test-kit.ts';
import { RecordingEditor } from './recording-editor.ts';

let bench: ImportBench;
beforeEach(async () => {
  bench = await ImportBench.open();
});
afterEach(() => bench.close());

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
    const result = await bench.importer.importFile(fileOf(JSON.stringify(simulation)), 'stubs');
    expect(result).toMatchObject({
      ok: true,
      value: { name: 'stubs', exchanges: 0, stubs: 1, origin: 'imported from Hoverfly' },
    });
    if (!result.ok) return;
    expect(result.value.notes).toMatchObject([{ entry: 'pair 2', field: 'request.path[0]' }]);
    expect(await bench.recorder.list()).toMatchObject([{ stubs: 1 }]);
    const har = await exportedHar(bench.recorder, 'stubs');
    const back = await bench.imported(har, 'back');
    expect(back.recording).toMatchObject({ stubs: 1, notes: [] });
    const kept = await bench.recorder.stubs.get(result.value.id);
    expect(await bench.recorder.stubs.get(back.recording.id)).toEqual(kept);
    const exported = (await bench.recorder.exportFile('stubs'))!;
    const fromFile = await bench.importer.importFile(exported.bytes, 'from file');
    expect(fromFile).toMatchObject({ ok: true, value: { stubs: 1, exchanges: 0 } });
    const editor = new RecordingEditor({ store: bench.store, recorder: bench.recorder, clock: realClock, random: () => 0.5 });
    const merged = await editor.merge(['stubs', 'back'], 'both');
    expect(merged).toMatchObject({ ok: true });
    expect((await bench.recorder.get('both'))?.stubs).toBe(2);
    await bench.store.deleteRecording(result.value.id);
    await bench.recorder.stubs.sweep();
    expect([await bench.recorder.stubs.get(result.value.id), await bench.recorder.stubs.get(back.recording.id)]).toEqual([
      null,
      kept,
    ]);
  });

  test('of WireMock come with the files their bodies are in, when its folder is zipped', async () => {
    const mapping = (file: string) =>
      Buffer.from(JSON.stringify({ request: { url: `/${file}` }, response: { bodyFileName: file } }));
    const folder = makeZip([
      { name: 'wm/mappings/a.json', content: mapping('a.txt'), deflate: true },
      { name: 'wm/mappings/b.json', content: mapping('missing.txt'), deflate: true },
      { name: 'wm/__files/a.txt', content: Buffer.from('from a file'), deflate: false },
    ]);
    const result = await bench.importer.importFile(fileOf(folder), 'zipped');
    expect(result).toMatchObject({
      ok: true,
      value: { stubs: 1, notes: [{ entry: 'mapping 2', field: 'response.bodyFileName' }] },
    });
    const kept = result.ok ? await bench.recorder.stubs.get(result.value.id) : null;
    expect(kept?.stubs[0]?.answer.body).toEqual({ encoding: 'utf8', content: 'from a file' });
  });

  test('of which none can be taken over are no recording', async () => {
    const none = { ...simulation, data: { pairs: simulation.data.pairs.slice(1) } };
    expect(await bench.importer.importDocument(none)).toMatchObject({
      ok: false,
      code: 'invalid',
      message: expect.stringContaining('pair 1 request.path[0]'),
    });
    expect(await bench.recorder.list()).toEqual([]);
  });
});

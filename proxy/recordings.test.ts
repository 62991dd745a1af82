import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Recording } from './api/recording.schema.ts';
import { command } from './cli/commands/record.ts';
import { Output } from './cli/output.ts';
import { Engine } from './engine.ts';
import { getThrough } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* `drydock record …` against a whole engine. */

let home: string;
let app: Server;
let engine: Engine;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-recordings-'));
  app = http.createServer((request, response) => {
    response.statusCode = request.url?.includes('bad') ? 503 : 200;
    response.end('{"a":1}');
  });
  const address = `127.0.0.1:${await listen(app)}`;
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: ratings, port: 9080, workloads: [{address: '${address}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  app.closeAllConnections();
  app.close();
  await rm(home, { recursive: true, force: true });
});

async function record(...args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({ args, options: command.options, allowPositionals: true });
  let text = '';
  const out = new Output({ isTerminal: false, write: (part) => (text += part), writeError: (part) => (text += part) });
  expect(await command.run({ values, positionals, home, json: true, out })).toBe(0);
  return text;
}
async function recordJson(...args: string[]): Promise<Recording> {
  return JSON.parse(await record(...args)) as Recording;
}
const call = async (route: string) => (await getThrough(engine.ready().workloads[0]!.outbound, 'ratings:9080', route)).status;

describe('drydock record', () => {
  test('next records for a while and answers with what is on disk, the calls of its last moment included', async () => {
    let over = false;
    const running = recordJson('next', '600ms', 'soon', '--to', 'ratings').finally(() => {
      over = true;
    });
    let sent = 0;
    for (; !over; sent++) await call('/a');
    const recording = await running;
    expect(recording).toMatchObject({ name: 'soon', state: 'stopped', filter: { to: 'ratings' }, dropped: 0 });
    expect(recording.calls).toBeGreaterThan(0);
    expect(recording.calls).toBeLessThanOrEqual(sent);
  });

  test('renames, comments, cuts, merges, copies, takes out and in, deletes and brings back', async () => {
    const { id } = await recordJson('start', 'all');
    for (const route of ['/1', '/2/bad', '/3']) await call(route);
    expect(await recordJson('stop', 'all')).toMatchObject({ calls: 3, exchanges: 6 });
    expect(await recordJson('rename', 'all', 'shop')).toMatchObject({ id, name: 'shop' });
    expect(await recordJson('note', 'shop', 'one', 'of', 'three', 'fails')).toMatchObject({ note: 'one of three fails' });
    expect(await recordJson('trim', 'shop', '--status', '5xx', '--traces', '--as', 'failed')).toMatchObject({
      ...{ name: 'failed', calls: 1, exchanges: 2, origin: 'kept from shop' },
    });
    const [first] = (JSON.parse(await record('show', 'shop')) as { exchanges: { id: string }[] }).exchanges;
    expect(JSON.parse(await record('note', 'shop', 'here', '--exchange', first!.id))).toEqual({ changed: 1 });
    expect(await recordJson('trim', 'shop', '--marked', '--as', 'marked')).toMatchObject({ exchanges: 1 });
    expect(await recordJson('trim', 'shop', '--since', '0s', '--until', '1h', '--as', 'whole')).toMatchObject({ exchanges: 6 });
    expect(await recordJson('merge', 'failed', 'shop', '--as', 'both')).toMatchObject({ name: 'both', exchanges: 6 });
    const file = path.join(home, 'shop.drydock-recording');
    await record('export', 'shop', '-o', file);
    expect(await recordJson('import', file, '--as', 'again')).toMatchObject({
      name: 'again',
      exchanges: 6,
      note: 'one of three fails',
    });
    await record('rm', 'shop');
    await expect(record('show', 'shop')).rejects.toThrow('There is no recording shop');
    expect(await recordJson('restore', id)).toMatchObject({ id, name: 'shop', exchanges: 6 });
  });

  test('says what is wrong', async () => {
    await recordJson('start', 'all');
    await expect(record('trim', 'all')).rejects.toThrow('say what to keep');
    await expect(record('trim', 'all', '--status', '5xx')).rejects.toThrow(/no recording|Nothing in all/i);
    await expect(record('merge', 'all', 'all')).rejects.toThrow('at least two different');
    await expect(record('next', 'soon')).rejects.toThrow('say how long');
    await expect(record('start', 'x', '--for', 'soon')).rejects.toThrow('not a duration');
    await expect(record('import', path.join(home, 'none'))).rejects.toThrow('cannot be read');
    await expect(record('turn', 'all')).rejects.toThrow('there is no record turn');
  });
});

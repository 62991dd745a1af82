import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Replay } from '../api/replay.schema.ts';
import { toxicOf } from './commands/fault.ts';
import { commands } from './commands.ts';
import { junitReport } from './replay/junit.ts';
import { runDrydock } from './test-kit.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const drydock = (...args: string[]) =>
  runDrydock(args, { cwd: folder, env: { ...process.env, DRYDOCK_HOME: path.join(folder, 'home') } });

test('a toxic is written as its kind and its attributes', () => {
  expect(toxicOf('latency,latency=100, jitter=2,stream=upstream,toxicity=0.5')).toEqual({
    type: 'latency',
    stream: 'upstream',
    toxicity: 0.5,
    attributes: { latency: 100, jitter: 2 },
  });
  expect(toxicOf('refuse')).toEqual({ type: 'refuse', stream: 'downstream', toxicity: 1, attributes: {} });
});

describe('the command line', () => {
  test('without a command, or with one that does not exist, it shows how it is used and exits with 2', async () => {
    expect((await drydock()).code).toBe(2);
    const typo = await drydock('stauts');
    expect(typo.code).toBe(2);
    expect(typo.stderr).toContain('did you mean status?');
    // A name every JavaScript object has is no command either.
    expect((await drydock('constructor')).code).toBe(2);
    expect((await drydock('status', '--nope')).code).toBe(2);
    expect((await drydock('fault', 'add')).stderr).toContain('--to');
    expect((await drydock('tap', '--status', 'bad')).stderr).toContain('--status: a status is written 503, 5xx or >=500');
    expect((await drydock('tap', '--count', '0')).stderr).toContain('--count is at least 1');
    expect((await drydock('fault', 'add', '--to', 'db', '--toxic', 'latency,latency')).stderr).toContain('latency=100');
  });

  test('every command explains itself', async () => {
    const list = await drydock('--help');
    for (const [name, { load }] of commands) {
      const { command } = await load();
      expect(list.stdout, name).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
      expect(command.usage.startsWith(name), name).toBe(true);
      expect(command.summary.length, name).toBeGreaterThan(10);
    }
    const help = await drydock('up', '--help');
    expect([help.code, help.stdout.includes('usage: drydock up')]).toEqual([0, true]);
  });

  test('--version tells its own', async () => {
    const { stdout, code } = await drydock('--version');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  });

  test('without an engine it says how to start one, as words or as JSON', async () => {
    const words = await drydock('status');
    expect([words.code, words.stderr]).toEqual([
      1,
      expect.stringContaining(`No engine is running for ${path.join(folder, 'home')}`),
    ]);
    const json = await drydock('get', '--json');
    expect(JSON.parse(json.stdout).error.message).toContain('drydock up');
  });

  test('lint needs no engine: warnings are exit code 0, errors 1, with positions', async () => {
    const file = path.join(folder, 'mesh.yaml');
    await writeFile(file, 'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec:\n  servces: []\n');
    const wrong = await drydock('lint', '-f', file, '--json');
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout).diagnostics[0]).toMatchObject({
      line: 5,
      severity: 'error',
      message: expect.stringContaining('servces'),
    });
    await writeFile(file, 'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec: {services: []}\n');
    expect((await drydock('lint', '-f', file)).code).toBe(0);
  });

  test('a failed start prints one error event and exits with 1', async () => {
    const file = path.join(folder, 'bad.yaml');
    await writeFile(file, 'kind: [');
    const failed = await drydock('up', '-f', file, '--json');
    expect(failed.code).toBe(1);
    const event = JSON.parse(failed.stdout.trim());
    expect(event).toMatchObject({ event: 'error', diagnostics: [{ severity: 'error', line: expect.any(Number) }] });
  });
});

test('a JUnit report survives whatever a service answered', () => {
  const nasty = '<&"\'>\0\u001b]]>';
  const replay = {
    recordingName: nasty,
    same: 1,
    differences: [
      {
        method: 'GET',
        path: nasty,
        fields: [{ path: '$.x', kind: 'changed', recorded: nasty, replayed: nasty }],
        replayed: { status: 200, durationMs: 1, traceId: '', error: '' },
      },
    ],
  } as unknown as Replay;
  const xml = junitReport(replay);
  expect(xml).not.toMatch(/[\0-\x08\x0b-\x1f]/);
  expect(xml.replace(/<\/?(testsuites|testsuite|testcase|failure)( [a-z]+="[^"<]*")*\/?>|<\?xml[^>]*>/g, '')).not.toContain('<');
});

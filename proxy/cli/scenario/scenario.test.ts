import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scenarioRunSchema } from '../../api/scenario.schema.ts';
import { Engine } from '../../engine.ts';
import { parseXml } from '../../shared/xml-text.ts';
import { listen } from '../../testing/listen.ts';

/* The real command, as CI runs it. */

const bin = fileURLToPath(new URL('../drydock.mjs', import.meta.url));
let folder: string;
let app: Server;
let mesh: string;
let children: ChildProcess[];

beforeEach(async () => {
  children = [];
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-cli-scenario-'));
  app = http.createServer((_request, response) => response.end('ok'));
  const address = `127.0.0.1:${await listen(app)}`;
  mesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${address}'}]}
    - {name: reviews, port: 9080, workloads: [{version: v1, address: '${address}'}]}
---
`;
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  app.close();
  app.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}
function drydock(args: string[], onOutput: (text: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, DRYDOCK_HOME: path.join(folder, 'home') };
    const child = spawn(process.execPath, [bin, 'scenario', ...args], { cwd: folder, env });
    children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      onOutput(stdout, child);
    });
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
const scenario = (name: string, expectation: string, seconds = '1s') => `apiVersion: drydock.dev/v1
kind: Scenario
metadata: {name: ${name}}
spec:
  load: [{name: browse, from: {service: web}, for: ${seconds}, rate: 20, requests: [{url: 'http://reviews:9080/'}]}]
  expect: [{that: '${expectation}'}]
`;
const write = (name: string, text: string) => writeFile(path.join(folder, name), text);

describe('scenario run', () => {
  test('needs no engine: it starts one, tells how it goes, writes JUnit, stops it, and exits with 0', async () => {
    await write('drill.yaml', mesh + scenario('drill', 'errors < 1%'));
    const ended = await drydock(['run', 'drill.yaml', '--junit', 'report.xml', '--seed', '7']);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain('The scenario begins');
    expect(ended.stdout).toContain('✓ passed    drill #1  Every expectation is met');
    expect(ended.stdout).toContain('seed 7');
    const suite = parseXml(await readFile(path.join(folder, 'report.xml'), 'utf8'))?.children[0];
    expect(suite?.attributes).toMatchObject({ name: 'scenario drill', tests: '1', failures: '0', errors: '0' });
    expect(await drydock(['ls'])).toMatchObject({ code: 1, stderr: expect.stringContaining('No engine is running') });
  });

  test('exits with 1 when an expectation is not met, and the report has the seed and the command that repeats it', async () => {
    await write('mesh.yaml', mesh);
    await write('two drills.yaml', `${scenario('bad', 'count > 1000')}---\n${scenario('good', 'errors < 1%')}`);
    const ended = await drydock(['run', 'two drills.yaml', '-f', 'mesh.yaml', '--json', '--junit', 'report.xml']);
    expect(ended, ended.stderr).toMatchObject({ code: 1 });
    const { runs } = JSON.parse(ended.stdout) as { runs: unknown[] };
    expect(runs.map((run) => scenarioRunSchema.parse(run)).map(({ scenario, state }) => `${scenario} ${state}`)).toEqual([
      ...['bad failed', 'good passed'],
    ]);
    const report = await readFile(path.join(folder, 'report.xml'), 'utf8');
    const failure = parseXml(report)?.children[0]?.children.find(({ name }) => name === 'testcase')?.children[0];
    expect(failure?.text).toContain(
      "seed: 1\nagain: npx drydock scenario run 'two drills.yaml' -f mesh.yaml --name bad --seed 1",
    );
  });

  test('exits with 2 when the command line is wrong, and names what is missing', async () => {
    await write('drill.yaml', scenario('drill', 'errors < 1%'));
    await write('mesh.yaml', mesh);
    const said = async (...args: string[]) => {
      const { code, stderr } = await drydock(args);
      return `${code} ${stderr.split('\n')[0]}`;
    };
    expect(await said('run')).toContain('2 drydock scenario: name the file');
    expect(await said('run', 'nothing.yaml')).toMatch(/^2 .*nothing.yaml/);
    expect(await said('run', 'mesh.yaml')).toContain('no document of kind Scenario');
    expect(await said('run', 'drill.yaml')).toContain('hold no Mesh');
    expect(await said('run', 'drill.yaml', '-f', 'mesh.yaml', '--name', 'other')).toContain('has no scenario other, but drill');
    expect(await said('run', 'drill.yaml', '--seed', 'x')).toMatch(/^2 /);
  });

  test('a mesh that does not start is exit code 1 and an error in the report', async () => {
    await write('drill.yaml', mesh + scenario('drill', 'errors under 1%'));
    const ended = await drydock(['run', 'drill.yaml', '--junit', 'report.xml']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/drill.yaml:14 .*not an operator/);
    const suite = parseXml(await readFile(path.join(folder, 'report.xml'), 'utf8'))?.children[0];
    expect(suite?.attributes).toMatchObject({ name: 'scenario drill', errors: '1' });
  });

  test('a scenario that does not fit the mesh is told with its place and what was meant', async () => {
    await write('drill.yaml', mesh + scenario('drill', 'errors < 1%').replace('service: web', 'service: wep'));
    const ended = await drydock(['run', 'drill.yaml']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(
      'drill cannot be run:\n  drill.yaml:13 DD5005 There is no service default/wep. Did you mean `web`?',
    );
  });

  test('uses the engine that runs, as it is; Ctrl-C ends the run there and puts back', async () => {
    const home = path.join(folder, 'home');
    await write('mesh.yaml', mesh);
    const engine = await Engine.start({ home, paths: [path.join(folder, 'mesh.yaml')] });
    try {
      const fault = '  faults: [{name: sick, spec: {to: {service: reviews}, abort: {httpStatus: 503}}}]\n';
      await write('drill.yaml', mesh + scenario('drill', 'errors < 1%', '60s') + fault);
      let interrupted = false;
      const ended = await drydock(['run', 'drill.yaml'], (text, child) => {
        if (interrupted || !text.includes('armed')) return;
        interrupted = true;
        child.kill('SIGINT');
      });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('not applied: Mesh shop');
      expect(ended.stdout).toContain('■ cancelled drill #1');
      expect(ended.stdout).toContain('Fault drill-sick removed');
      const { control } = engine.ready();
      const faults = await fetch(`${control.url}/api/v1/faults`, { headers: { authorization: `Bearer ${control.token}` } });
      expect(await faults.json()).toEqual({ faults: [] });
      const listed = await drydock(['ls']);
      expect(listed.stdout).toContain('drill #1\tcancelled');
      expect((await drydock(['show'])).stdout).toContain('cancelled drill #1');
    } finally {
      await engine.stop();
    }
  });

  test('killed, it leaves nothing behind but the word that it ended', async () => {
    await write('mesh.yaml', mesh);
    const fault = '  faults: [{name: sick, spec: {to: {service: reviews}, abort: {httpStatus: 503}}}]\n';
    await write('drill.yaml', scenario('drill', 'errors < 1%', '60s') + fault);
    await drydock(['run', 'drill.yaml', '-f', 'mesh.yaml'], (text, child) => {
      if (text.includes('armed')) child.kill('SIGKILL');
    });
    const engine = await Engine.start({ home: path.join(folder, 'home'), paths: [path.join(folder, 'mesh.yaml')] });
    try {
      const { control } = engine.ready();
      const headers = { authorization: `Bearer ${control.token}` };
      expect(await (await fetch(`${control.url}/api/v1/faults`, { headers })).json()).toEqual({ faults: [] });
      const { runs } = (await (await fetch(`${control.url}/api/v1/scenarios/runs`, { headers })).json()) as { runs: unknown[] };
      expect(runs).toMatchObject([{ scenario: 'drill', state: 'error', message: 'The engine ended while it ran' }]);
    } finally {
      await engine.stop();
    }
  });
});

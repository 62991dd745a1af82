import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScenarioRun, scenarioRunSchema } from '../../proxy/api/scenario.schema.ts';
import { hasErrors, loadFiles, ResourceSet, validate } from '../../proxy/config/index.ts';
import { Engine } from '../../proxy/engine.ts';

const folder = path.dirname(fileURLToPath(import.meta.url));
const smallShop = path.join(folder, '../shop-small');
let engine: Engine | null = null;
let home = '';
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-sample-'));
});
afterEach(async () => {
  await engine?.stop();
  engine = null;
  await rm(home, { recursive: true, force: true });
});

test('every sample scenario fits the shop as well as the small shop', async () => {
  for (const mesh of [smallShop, path.join(folder, '../shop')]) {
    const { documents, diagnostics } = await loadFiles([mesh, folder]);
    const { set } = ResourceSet.empty.replaceFiles(documents, { now: 0 });
    const found = [...diagnostics, ...(await validate(set))];
    expect(hasErrors(found), JSON.stringify(found)).toBe(false);
    expect(set.list('Scenario')).toHaveLength(3);
  }
});

test('the ejection drill passes: the sick instance is found within seconds, and nobody notices any more', async () => {
  engine = await Engine.start({ home, paths: [smallShop] });
  const { control } = engine.ready();
  const ask = async (route: string, body?: object): Promise<ScenarioRun> => {
    const response = await fetch(`${control.url}/api/v1${route}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return scenarioRunSchema.parse(await response.json());
  };
  const yaml = await readFile(path.join(folder, 'ejection.yaml'), 'utf8');
  const { id } = await ask('/scenarios/runs', { yaml });
  await expect
    .poll(async () => (await ask(`/scenarios/runs/${id}`)).state, { timeout: 25_000, interval: 250 })
    .not.toBe('running');
  const run = await ask(`/scenarios/runs/${id}`);
  expect(run.expectations.map(({ name, state, actual }) => `${name}: ${state} ${state === 'passed' ? '' : actual}`)).toEqual(
    run.expectations.map(({ name }) => `${name}: passed `),
  );
  expect(run.state).toBe('passed');
}, 40_000);

test('each begins with what it shows and the command that runs it', async () => {
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.yaml'))) {
    const text = await readFile(path.join(folder, name), 'utf8');
    expect(text).toMatch(/^# .*\n(# .*\n)*# You see: /);
    expect(text).toContain(`npx drydock scenario run samples/scenarios/${name} -f samples/shop-small`);
  }
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScenarioRun, scenarioRunSchema } from './api/scenario.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* Whole engines, real sockets: one scenario each, from the request that starts it to its verdict. */

let home: string;
let engine: Engine;
let apps: Server[];

async function startApp(status: () => number): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    response.statusCode = status();
    response.end('ok');
  });
  apps.push(server);
  return `127.0.0.1:${await listen(server)}`;
}
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-scenarios-'));
  apps = [];
  const file = path.join(home, 'mesh.yaml');
  const [web, one, two] = [await startApp(() => 200), await startApp(() => 200), await startApp(() => 200)];
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{version: v1, address: '${web}'}]}
    - name: reviews
      port: 9080
      workloads: [{version: v1, address: '${one}'}, {version: v2, address: '${two}'}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 3, interval: 1s, baseEjectionTime: 30s, maxEjectionPercent: 100}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
    - route:
        - {destination: {host: reviews, subset: v1}, weight: 100}
        - {destination: {host: reviews, subset: v2}, weight: 0}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  for (const app of apps) {
    app.close();
    app.closeAllConnections();
  }
  await rm(home, { recursive: true, force: true });
});

async function api(method: string, route: string, body?: unknown) {
  return askEngine<Record<string, never>>(engine.ready().control, method, route, body);
}
const scenario = (spec: string, name = 'drill') =>
  `apiVersion: drydock.dev/v1\nkind: Scenario\nmetadata: {name: ${name}}\nspec:\n${spec.replace(/^/gm, '  ')}\n`;
async function start(yaml: string, more: object = {}): Promise<ScenarioRun> {
  const { status, json } = await api('POST', '/scenarios/runs', { yaml, ...more });
  expect(status, JSON.stringify(json)).toBe(200);
  return scenarioRunSchema.parse(json);
}
async function get(id: string): Promise<ScenarioRun> {
  return scenarioRunSchema.parse((await api('GET', `/scenarios/runs/${id}`)).json);
}
/** Resources without what counts on: how often they were used. */
function strip({ resources }: Record<string, unknown>): unknown[] {
  return (resources as { kind: string; name: string; yaml: string; source: object }[])
    .map(({ kind, name, yaml, source }) => ({ kind, name, yaml, source }))
    .sort((a, b) => `${a.kind}${a.name}`.localeCompare(`${b.kind}${b.name}`));
}
async function over(id: string): Promise<ScenarioRun> {
  for (let tries = 0; tries < 500; tries++) {
    const run = await get(id);
    if (run.state !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the run did not end');
}
const load = `load:
  - name: browse
    from: {service: web}
    for: 1s
    rate: 50
    requests: [{url: 'http://reviews:9080/reviews/1'}]
`;

describe('a scenario', () => {
  test('with a load and a condition passes, and tells what was measured', async () => {
    const started = await start(
      scenario(`${load}hypothesis: ['errors < 1%']\nexpect: [{that: 'errors < 1%'}, {that: 'count == 50'}]`),
    );
    expect(started).toMatchObject({ state: 'running', number: 1, scenario: 'drill' });
    const run = await over(started.id);
    expect(run.journal.map(({ message }) => message)).toContain('The hypothesis holds');
    expect(run).toMatchObject({ state: 'passed', load: [{ intended: 50, sent: 50, ok: 50, failed: 0, dropped: 0 }] });
    expect(run.expectations.map(({ state, actual }) => [state, actual])).toEqual([
      ['passed', '0 %'],
      ['passed', '50'],
    ]);
    expect(run.load[0]!.response!.p50).toBeGreaterThan(0);
    expect(run.series[0]!.sent).toBeGreaterThan(40);
  });

  test('arms a fault, sees the ejection it causes, shifts weights, and puts everything back', async () => {
    const spec = `load:
  - {name: browse, from: {service: web}, for: 8s, rate: 40, requests: [{url: 'http://reviews:9080/'}]}
faults:
  - {name: sick, at: 5s, spec: {to: {service: reviews, version: v2}, abort: {httpStatus: 503}}}
changes:
  - {name: canary, at: 2s, shift: {service: reviews, weights: {v1: 50, v2: 50}}}
expect:
  - {that: 'share(v2) == 0%', during: {to: 500ms}}
  - {that: 'share(v2) > 10%', of: {to: reviews}, during: {from: 2300ms, to: 4900ms}}
  - {event: {type: endpoint.ejected, subject: reviews-v2, after: sick, within: 3s}}
  - {that: 'errors > 0%', of: {version: v2}, during: {from: 4900ms}}
`;
    const before = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    const again = async () => over((await start(scenario(spec))).id);
    let run = await again();
    // A machine that does ten other things is late with a request, or with the change: then it is run once more, from where it began.
    for (let tries = 1; tries < 4 && run.state !== 'passed'; tries++) {
      expect((await api('POST', '/workloads/reviews-v2-1/rotation', { action: 'readmit' })).status).toBe(200);
      run = await again();
    }
    expect(run.expectations.map(({ text, state, actual }) => [text, state, actual])).toEqual(
      run.expectations.map(({ text, actual }) => [text, 'passed', actual]),
    );
    expect(run.state).toBe('passed');
    expect((await api('GET', '/faults')).json.faults).toEqual([]);
    const after = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    expect([after.yaml, after.source]).toEqual([before.yaml, before.source]);
    expect(run.journal.map(({ message }) => message)).toContain('Put back: VirtualService reviews');
  });

  test('ends at once when cancelled, and everything is as it was; meanwhile no other one starts', async () => {
    const spec = `load:
  - {name: browse, from: {service: web}, for: 60s, rate: 20, requests: [{url: 'http://reviews:9080/'}]}
faults:
  - {name: sick, at: 0s, spec: {to: {service: reviews}, abort: {httpStatus: 503}}}
changes:
  - {name: gone, at: 0s, delete: [{kind: DestinationRule, name: reviews}, {kind: VirtualService, name: reviews}]}
  - name: timeout
    at: 0s
    apply: [{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: web}, spec: {hosts: [web], http: [{timeout: 1s, route: [{destination: {host: web}}]}]}}]
expect: [{that: 'errors < 1%'}]
`;
    const before = (await api('GET', '/resources')).json;
    const started = await start(scenario(spec));
    await expect.poll(async () => (await api('GET', '/faults')).json.faults).toHaveLength(1);
    await expect.poll(async () => (await get(started.id)).load[0]!.sent).toBeGreaterThan(0);
    const second = await api('POST', '/scenarios/runs', { yaml: scenario(load, 'other') });
    expect(second).toMatchObject({
      status: 409,
      json: { error: { message: expect.stringContaining(`drill #1 is running (${started.id})`) } },
    });
    const { json } = await api('POST', `/scenarios/runs/${started.id}/cancel`, {});
    expect(json).toMatchObject({ state: 'cancelled', expectations: [{ state: 'no_data' }] });
    expect((await api('GET', '/faults')).json.faults).toEqual([]);
    expect(strip((await api('GET', '/resources')).json)).toEqual(strip(before));
    expect((await get(started.id)).state).toBe('cancelled');
    expect((await api('POST', '/scenarios/runs', { yaml: scenario(load, 'other') })).status).toBe(200);
  });

  test('stops a process, sees what its callers get, and starts it again at the end', async () => {
    const program = path.join(home, 'worker.mjs');
    await writeFile(
      program,
      "import http from 'node:http';\nhttp.createServer((_, r) => r.end('ok')).listen(process.env.PORT, '127.0.0.1');\n",
    );
    const services = `services: [{name: worker, port: 9080, workloads: [{version: v1, run: 'node ${program}'}]}]`;
    const yaml = `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: more}\nspec: {${services}}\n`;
    await api('POST', '/apply', { yaml, file: path.join(home, 'more.yaml') });
    const health = async () => {
      const { json } = await api('GET', '/status');
      return (json.workloads as unknown as { id: string; health: string }[]).find(({ id }) => id === 'worker-v1-0')?.health;
    };
    await expect.poll(health).toBe('ready');
    const spec = `load: [{name: calls, from: {service: web}, for: 3s, rate: 20, requests: [{url: 'http://worker:9080/'}]}]
changes: [{name: gone, at: 1500ms, stop: worker-v1-0}]
expect:
  - {that: 'status(200) > 10%', during: {to: 1s}}
  - {that: 'errors > 50%', during: {from: 2s}}
  - {event: {type: service.stopped, subject: worker, after: gone, within: 1s}}
  - {event: {type: service.exited, subject: worker, never: true}}
`;
    const run = await over((await start(scenario(spec))).id);
    expect(
      run.expectations.map(({ text, state, actual }) => `${text}: ${state} ${actual}`).filter((one) => !one.includes('passed')),
    ).toEqual([]);
    expect(run.journal.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['worker-v1-0 stopped', 'worker-v1-0 started again']),
    );
    await expect.poll(health).toBe('ready');
  });

  test('leaves alone what somebody else changed meanwhile, and says so', async () => {
    const spec = `duration: 30s
changes: [{name: shift, at: 0s, shift: {service: reviews, weights: {v2: 100}}}]
`;
    const started = await start(scenario(spec));
    const rule = '/resources/VirtualService/-/reviews';
    await expect.poll(async () => String((await api('GET', rule)).json.yaml)).toContain('namespace: default');
    const yaml = String((await api('GET', rule)).json.yaml).replace('weight: 100', 'weight: 77');
    await api('POST', '/apply', { yaml, file: 'by hand' });
    const { json } = await api('POST', `/scenarios/runs/${started.id}/cancel`, {});
    const run = scenarioRunSchema.parse(json);
    expect(run.journal.find(({ kind }) => kind === 'problem')?.message).toContain(
      'VirtualService reviews was changed by someone else',
    );
    expect(String((await api('GET', rule)).json.yaml)).toContain('weight: 77');
  });

  test('under way when the engine stops is cancelled, and still there when it starts again', async () => {
    const started = await start(scenario(load.replace('for: 1s', 'for: 60s')));
    await engine.stop();
    engine = await Engine.start({ home, paths: [path.join(home, 'mesh.yaml')] });
    const { json } = await api('GET', '/scenarios/runs?scenario=drill');
    expect(json.runs).toMatchObject([{ id: started.id, state: 'cancelled', message: 'The engine stopped' }]);
  });

  test('does not begin when its hypothesis does not hold', async () => {
    for (const app of apps.slice(1)) {
      app.close();
      app.closeAllConnections();
    }
    const run = await over((await start(scenario(`${load}hypothesis: ['errors < 1%']\n`))).id);
    expect(run).toMatchObject({
      state: 'error',
      elapsedMs: 0,
      message: expect.stringContaining('errors < 1% does not hold (100 %)'),
    });
  });

  test('can be applied and run by name, from the ingress, with a recording, and is held against the last that passed', async () => {
    const spec = `load: [{name: shoppers, for: 500ms, rate: 40, requests: [{url: 'http://web.localhost/'}]}]
record: drill
expect: [{that: 'count == 20', of: {from: ingress, to: web}}, {that: 'errors < 1%'}]
`;
    const applied = await api('POST', '/apply', { yaml: scenario(spec), file: 'drill.yaml' });
    expect(applied.json.applied).toMatchObject([{ kind: 'Scenario', name: 'drill', status: 'created' }]);
    const first = await over(scenarioRunSchema.parse((await api('POST', '/scenarios/runs', { name: 'drill' })).json).id);
    expect(first).toMatchObject({ state: 'passed', seed: 1, baseline: null });
    expect((await api('GET', '/recordings/drill')).json).toMatchObject({ state: 'stopped' });
    const again = await api('POST', '/scenarios/runs', { name: 'drill', seed: 9 });
    const second = await over(String(again.json.id));
    expect(second).toMatchObject({ state: 'passed', number: 2, seed: 9, baseline: { id: first.id, number: 1 } });
    const { json } = await api('GET', '/scenarios/runs');
    expect((json.runs as unknown as ScenarioRun[]).map(({ number }) => number)).toEqual([2, 1]);
  });

  test('at rest keeps nothing from being removed, by itself or by hand; it is not run when what it names is gone', async () => {
    const spec = `duration: 500ms
changes:
  - {name: shift, at: 0s, shift: {service: reviews, weights: {v2: 100}}}
  - {name: gone, at: 200ms, delete: [{kind: VirtualService, name: reviews}]}
`;
    await api('POST', '/apply', { yaml: scenario(spec), file: 'drill.yaml' });
    const before = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    const run = await over(String((await api('POST', '/scenarios/runs', { name: 'drill' })).json.id));
    expect(run, run.message).toMatchObject({ state: 'passed' });
    const after = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    expect([after.yaml, after.source]).toEqual([before.yaml, before.source]);
    expect((await api('DELETE', '/resources/VirtualService/-/reviews')).status).toBe(200);
    expect(await api('POST', '/scenarios/runs', { name: 'drill' })).toMatchObject({
      ...{ status: 422, json: { error: { details: [{ code: 'DD5007' }, { code: 'DD5005' }] } } },
    });
    expect((await api('POST', '/scenarios/runs', { yaml: scenario(load, 'other') })).status).toBe(200);
  });

  test('that is wrong is refused with the place, before anything is done', async () => {
    const post = (body: object) => api('POST', '/scenarios/runs', body);
    const yaml = `# a comment\n---\n${scenario(load.replace('service: web', 'service: wep'))}`;
    const line = yaml.split('\n').findIndex((text) => text.includes('wep')) + 1;
    const wrong = await post({ yaml });
    expect(wrong).toMatchObject({
      status: 422,
      json: { error: { message: 'There is no service default/wep.', details: [{ code: 'DD5005', line }] } },
    });
    expect(await post({ name: 'nobody' })).toMatchObject({ status: 404 });
    expect(await post({ name: 'x', yaml: 'y' })).toMatchObject({ status: 400 });
    expect(await post({ yaml: 'kind: [' })).toMatchObject({ status: 422 });
    expect(await post({ yaml: `${scenario(load)}---\n${scenario(load, 'two')}` })).toMatchObject({ status: 400 });
    expect(await api('GET', '/scenarios/runs/nobody')).toMatchObject({ status: 404 });
    expect(await api('POST', '/scenarios/runs/nobody/cancel', {})).toMatchObject({ status: 404 });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScenarioRun, scenarioRunSchema } from './api/scenario.schema.ts';
import { Engine } from './engine.ts';

/* Whole engines, real sockets: one scenario each, from the request that starts it to its verdict. */

let home: string;
let engine: Engine;
let apps: Server[];

async function listen(status: () => number): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume();
    response.statusCode = status();
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  apps.push(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-scenarios-'));
  apps = [];
  const file = path.join(home, 'mesh.yaml');
  const [web, one, two] = [await listen(() => 200), await listen(() => 200), await listen(() => 200)];
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
  const { control } = engine.ready();
  const response = await fetch(`${control.url}/api/v1${route}`, {
    method,
    headers: { authorization: `Bearer ${control.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, never> };
}
const scenario = (spec: string, name = 'drill') =>
  `apiVersion: drydock.dev/v1\nkind: Scenario\nmetadata: {name: ${name}}\nspec:\n${spec.replace(/^/gm, '  ')}\n`;
async function start(yaml: string, more: object = {}): Promise<ScenarioRun> {
  const { status, json } = await api('POST', '/scenarios/runs', { yaml, ...more });
  expect(status, JSON.stringify(json)).toBe(200);
  return scenarioRunSchema.parse(json);
}
async function over(id: string): Promise<ScenarioRun> {
  for (let tries = 0; tries < 200; tries++) {
    const { json } = await api('GET', `/scenarios/runs/${id}`);
    const run = scenarioRunSchema.parse(json);
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
  - {name: browse, from: {service: web}, for: 3s, rate: 40, requests: [{url: 'http://reviews:9080/'}]}
faults:
  - {name: sick, at: 1s, spec: {to: {service: reviews, version: v2}, abort: {httpStatus: 503}}}
changes:
  - {name: canary, at: 500ms, shift: {service: reviews, weights: {v1: 50, v2: 50}}}
expect:
  - {that: 'share(v2) == 0%', during: {to: 500ms}}
  - {that: 'share(v2) > 10%', of: {to: reviews}, during: {from: 700ms, to: 1s}}
  - {event: {type: endpoint.ejected, subject: reviews-v2, after: sick, within: 2s}}
  - {that: 'errors > 0%', of: {version: v2}, during: {from: 900ms}}
`;
    const before = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    const run = await over((await start(scenario(spec))).id);
    expect(run.expectations.map(({ text, state, actual }) => [text, state, actual])).toEqual(
      run.expectations.map(({ text, actual }) => [text, 'passed', actual]),
    );
    expect(run.state).toBe('passed');
    expect((await api('GET', '/faults')).json.faults).toEqual([]);
    const after = (await api('GET', '/resources/VirtualService/-/reviews')).json;
    expect([after.yaml, after.source]).toEqual([before.yaml, before.source]);
    expect(run.journal.map(({ message }) => message)).toContain('Put back: VirtualService reviews');
  });
});

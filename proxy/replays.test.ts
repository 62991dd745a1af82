import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Replay, type ReplayPlan, replaySchema } from './api/replay.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* Replays through a whole mesh: recorded from real traffic, sent again from where they came. */

let home: string;
let engine: Engine;
let servers: Server[];
let reviews: Record<'v1' | 'v2', (request: IncomingMessage, response: ServerResponse) => void>;
let seen: { version: string; url: string; headers: http.IncomingHttpHeaders }[];

async function startApp(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = http.createServer(handle);
  servers.push(server);
  return `127.0.0.1:${await listen(server)}`;
}
const json = (response: ServerResponse, value: unknown) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
};
const webOutbound = () => engine.ready().workloads.find(({ id }) => id.startsWith('web-'))!.outbound;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-replays-'));
  servers = [];
  seen = [];
  reviews = {
    v1: (_request, response) => json(response, { version: 'v1' }),
    v2: (_request, response) => json(response, { version: 'v2' }),
  };
  const serve = (version: 'v1' | 'v2') => (request: IncomingMessage, response: ServerResponse) => {
    seen.push({ version, url: request.url ?? '', headers: request.headers });
    reviews[version](request, response);
  };
  const [web, v1, v2] = [await startApp(frontPage), await startApp(serve('v1')), await startApp(serve('v2'))];
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '${web}'}]}
    - {name: batch, port: 9080, workloads: [{address: '${web}'}]}
    - {name: reviews, port: 9080, workloads: [{version: v1, address: '${v1}'}, {version: v2, address: '${v2}'}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: default}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: only-web, namespace: default}
spec:
  selector: {matchLabels: {app: reviews}}
  action: ALLOW
  rules: [{from: [{source: {principals: ['*']}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: default}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}], headers: {request: {set: {x-routed: 'yes'}}}}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await rm(home, { recursive: true, force: true });
});

/** The web app calls reviews through its sidecar and forwards the trace, as an instrumented app does. */
function frontPage(request: IncomingMessage, response: ServerResponse): void {
  const headers = { host: 'reviews:9080', traceparent: String(request.headers.traceparent) };
  ask('/reviews/7', headers).then(
    ({ body }) => json(response, { page: 'front', reviews: JSON.parse(body) }),
    () => response.destroy(),
  );
}

function ask(
  route: string,
  headers: Record<string, string> = { host: 'reviews:9080' },
  options: { method?: string; body?: string; agent?: http.Agent; to?: string } = {},
): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> {
  const at = new URL(options.to ?? webOutbound());
  return new Promise((resolve, reject) => {
    const { method = 'GET', agent } = options;
    const request = http.request(
      { host: at.hostname, port: at.port, path: route, method, headers, agent: agent ?? (false as const) },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}
async function api(method: string, route: string, body?: unknown) {
  return askEngine<Record<string, unknown>>(engine.ready().control, method, route, body);
}
async function record(traffic: () => Promise<unknown>): Promise<void> {
  const { json: recording } = await api('POST', '/recordings', { name: 'monday' });
  await traffic();
  await api('POST', `/recordings/${recording.id}/stop`);
  seen.length = 0;
}
async function replay(body: Record<string, unknown>): Promise<Replay> {
  const started = await api('POST', '/recordings/monday/replay', { speed: 0, ...body });
  expect(started.status, JSON.stringify(started.json)).toBe(200);
  return ended(String(started.json.id));
}
async function ended(id: string): Promise<Replay> {
  await expect.poll(async () => (await api('GET', `/replays/${id}`)).json.state).not.toBe('running');
  return replaySchema.parse((await api('GET', `/replays/${id}`)).json);
}

describe('a replay whose dependencies answer from the recording', () => {
  const front = () => ask('/front', { host: 'web:9080' }, { to: batchOutbound() });

  test('asks only the service under test; everybody else reaches the services, and at the end so does that one', async () => {
    await record(front);
    reviews.v1 = (_request, response) => json(response, { version: 'newer' });
    expect(await replay({})).toMatchObject({ same: 0, different: 1 });
    seen.length = 0;
    const { json: plan } = await api('GET', '/recordings/monday/replay-plan');
    expect((plan as ReplayPlan).dependencies).toEqual([{ from: 'web', service: 'reviews', calls: 1 }]);
    const run = await replay({ dependencies: 'recorded' });
    expect(run).toMatchObject({ sent: 1, same: 1, different: 0, standIns: [{ from: 'web', service: 'reviews' }] });
    expect(seen).toEqual([]);
    expect((await api('GET', '/simulations')).json.simulations).toEqual([]);
    expect(JSON.parse((await front()).body)).toEqual({ page: 'front', reviews: { version: 'newer' } });
  });

  test('does not begin where another stand-in already answers, and leaves that one alone', async () => {
    await record(front);
    const other = await api('POST', '/simulations', { recording: 'monday', service: 'reviews', from: 'web' });
    expect(other.status).toBe(200);
    const run = await replay({ dependencies: 'recorded' });
    expect(run).toMatchObject({ state: 'cancelled', sent: 0 });
    expect(run.problem).toContain('already answers for reviews to web');
    expect(((await api('GET', '/simulations')).json.simulations as unknown[]).length).toBe(1);
  });
});

describe('a replay to a version', () => {
  test('goes through the caller’s sidecar, with its identity, its routes’ headers and mutual TLS, and back to the routes after', async () => {
    await record(() => ask('/reviews/1'));
    expect(await replay({})).toMatchObject({ sent: 1, same: 1, failed: 0, verdict: 'same' });
    const run = await replay({ to: 'reviews=v2' });
    expect(run).toMatchObject({ sent: 1, different: 1, failed: 0, verdict: 'different' });
    expect(run.differences[0]!.fields).toEqual([{ path: '$.version', kind: 'changed', recorded: 'v1', replayed: 'v2' }]);
    expect(seen.map(({ version, headers }) => [version, headers['x-routed']])).toEqual([
      ['v1', 'yes'],
      ['v2', 'yes'],
    ]);
    expect(String(seen[1]!.headers['x-forwarded-client-cert'])).toContain('/sa/web');
    const { json: page } = await api('GET', `/exchanges?traceId=${run.differences[0]!.replayed.traceId}`);
    expect(
      (page.exchanges as { reporter: string; mtls: boolean; source: string }[]).map((e) => [e.reporter, e.source, e.mtls]).sort(),
    ).toEqual([
      ['destination', 'web', true],
      ['source', 'web', true],
    ]);
    expect(JSON.parse((await ask('/reviews/1')).body)).toEqual({ version: 'v1' });
  });

  test('reaches the calls that services make below the replayed one', async () => {
    await record(() => ask('/front', { host: 'web:9080' }, { to: batchOutbound() }));
    const run = await replay({ to: 'reviews=v2' });
    expect(run).toMatchObject({ total: 1, different: 1, failed: 0 });
    expect(run.differences[0]!.fields).toEqual([{ path: '$.reviews.version', kind: 'changed', recorded: 'v1', replayed: 'v2' }]);
    expect(run.graph).toEqual([
      { source: 'batch', destination: 'web', recordedCalls: 1, replayedCalls: 1, recordedAttempts: 1, replayedAttempts: 1 },
      { source: 'web', destination: 'reviews', recordedCalls: 1, replayedCalls: 1, recordedAttempts: 1, replayedAttempts: 1 },
    ]);
  });

  test('is nothing an app can ask for: its trace id is not enough, and there is no header for it', async () => {
    await record(() => ask('/reviews/1'));
    const run = await replay({ to: 'reviews=v2' });
    const { traceId } = run.differences[0]!.replayed;
    const traceparent = `00-${traceId.slice(0, 16)}${'ab'.repeat(8)}-dd0c000000000001-01`;
    expect(JSON.parse((await ask('/reviews/1', { host: 'reviews:9080', traceparent })).body)).toEqual({ version: 'v1' });
  });

  test('of what is not there is refused with what there is', async () => {
    await record(() => ask('/reviews/1'));
    const wrong = await api('POST', '/recordings/monday/replay', { to: 'reviews=v9' });
    expect(wrong).toMatchObject({ status: 409 });
    expect(JSON.stringify(wrong.json)).toContain('it has v1, v2');
    const far = await api('POST', '/recordings/monday/replay', { to: 'reviews=https://staging.example.com' });
    expect(JSON.stringify(far.json)).toContain('--allow-remote staging.example.com');
    expect(seen).toEqual([]);
  });

  test('and any other replay asks before it sends to a host off this machine, by the configuration now in force', async () => {
    await record(() => ask('/pay', { host: 'pay.example.invalid' }));
    const refused = await api('POST', '/recordings/monday/replay', {});
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.json)).toContain('--allow-remote pay.example.invalid');
    expect(await replay({ confirmRemote: ['pay.example.invalid'] })).toMatchObject({ sent: 1 });
    const here = await startApp((_request, response) => json(response, { paid: true }));
    const yaml = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pay}
spec:
  hosts: [pay.example.invalid]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: ${here.split(':')[1]}}}]
`;
    expect((await api('POST', '/apply', { yaml, file: 'pay.yaml' })).status).toBe(200);
    expect((await replay({})).differences[0]!.replayed.status).toBe(200);
  });

  test('may be an address: the caller’s sidecar sends it there', async () => {
    await record(() => ask('/reviews/1'));
    const elsewhere = await startApp((request, response) => json(response, { version: 'local', host: request.headers.host }));
    const run = await replay({ to: `reviews=http://${elsewhere}` });
    expect(run.differences[0]!.fields.map(({ path: p, replayed }) => [p, replayed])).toEqual([
      ['$.version', 'local'],
      ['$.host', elsewhere],
    ]);
  });
});

test('with noise a version is compared with the service as it is now, and what changes by itself is left out', async () => {
  let n = 0;
  reviews.v1 = (_request, response) => json(response, { version: 'v1', at: ++n });
  reviews.v2 = (_request, response) => json(response, { version: 'v2', at: ++n });
  await record(async () => {
    for (let i = 0; i < 8; i++) await ask(`/reviews/${i}`);
  });
  const run = await replay({ to: 'reviews=v2', noise: true });
  expect(run).toMatchObject({ sent: 8, different: 8, verdict: 'different', against: 'baseline' });
  expect(seen.map(({ version }) => version).sort()).toEqual([...Array(16).fill('v1'), ...Array(8).fill('v2')]);
  expect(run.endpoints?.[0]?.fields.map(({ path: p, verdict }) => [p, verdict])).toEqual([
    ['$.at', 'noise'],
    ['$.version', 'different'],
  ]);
  expect(run.differences[0]!.fields.map((field) => field.path)).toEqual(['$.version']);
  const again = await replay({ noise: true });
  expect(again).toMatchObject({ same: 8, verdict: 'same', against: 'recording' });
});

describe('values that change from run to run', () => {
  let token: number;
  beforeEach(() => {
    token = 0;
    const tokens = new Set<string>();
    reviews.v1 = (request, response) => {
      if (request.url === '/login') {
        const made = `tok-${++token}-abcdef0123`;
        tokens.add(made);
        response.setHeader('set-cookie', `sid=${made}; Path=/`);
        json(response, { access_token: made, order: 5000 + token });
        return;
      }
      const given = String(request.headers.authorization).replace('Bearer ', '');
      const cookie = /sid=([^;]+)/.exec(String(request.headers.cookie))?.[1] ?? '';
      response.statusCode = tokens.has(given) && tokens.has(cookie) && request.url === `/orders/${5000 + token}` ? 200 : 401;
      json(response, { ok: response.statusCode === 200 });
    };
  });
  const shop = async () => {
    const { body } = await ask('/login', { host: 'reviews:9080' }, { method: 'POST', body: '{"user":"ann"}' });
    const { access_token, order } = JSON.parse(body);
    const headers = { host: 'reviews:9080', authorization: `Bearer ${access_token}`, cookie: `sid=${access_token}` };
    expect((await ask(`/orders/${order}`, headers)).status).toBe(200);
  };

  test('are taken from answers and put into later requests, secrets among them, as rules say', async () => {
    await record(shop);
    expect(await replay({ cookies: false })).toMatchObject({ different: 2 });
    const run = await replay({
      variables: ['token=$.access_token from POST /login', 'order=$.order from POST /login'],
    });
    expect(run).toMatchObject({ same: 2, verdict: 'same' });
    expect(run.variables).toMatchObject([
      { name: 'token', captured: 1, used: 1, problem: '' },
      { name: 'order', captured: 1, used: 1 },
    ]);
    expect(JSON.stringify(run)).not.toContain('abcdef0123');
    const bad = await api('POST', '/recordings/monday/replay', { variables: ['token'] });
    expect(JSON.stringify(bad.json)).toContain('NAME=PLACE from METHOD PATH');
  });

  test('are found by themselves and suggested, and used when that is switched on', async () => {
    await record(shop);
    const plan = (await api('GET', '/recordings/monday/replay-plan')).json as unknown as ReplayPlan;
    expect(plan).toMatchObject({ calls: 2, methods: { POST: 1, GET: 1 } });
    expect(plan.suggestions.map(({ rule, requests }) => [rule, requests]).sort()).toEqual([
      ['access_token=$.access_token from POST /login', 1],
      ['order=$.order from POST /login', 1],
    ]);
    expect(JSON.stringify(plan)).not.toContain('abcdef0123');
    const run = await replay({ autoVariables: true });
    expect(run).toMatchObject({ same: 2, verdict: 'same' });
  });
});

test('a replay can be paused, goes on, and is cancelled over the API', async () => {
  await record(async () => {
    for (let i = 0; i < 3; i++) {
      await ask(`/reviews/${i}`);
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
  });
  const started = await api('POST', '/recordings/monday/replay', { speed: 0.2 });
  const { id } = started.json;
  await expect.poll(async () => (await api('GET', `/replays/${id}`)).json.sent).toBe(1);
  expect((await api('POST', `/replays/${id}/pause`)).json).toMatchObject({ state: 'running', paused: true });
  expect((await api('POST', `/replays/${id}/resume`)).json).toMatchObject({ paused: false });
  expect((await api('POST', `/replays/${id}/cancel`)).json).toMatchObject({ state: 'cancelled', total: 3 });
  expect((await api('POST', `/replays/${id}/pause`)).status).toBe(409);
});

function batchOutbound(): string {
  return engine.ready().workloads.find(({ id }) => id.startsWith('batch-'))!.outbound;
}

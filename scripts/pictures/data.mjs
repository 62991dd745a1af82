import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from '../paths.mjs';

/**
 * What the pictures show: `little` (two services, a handful of calls), `typical` (the sample shop with its customers) and `overwhelming` (sixty
 * services with long names, thousands of calls, dozens of faults and recordings). Each opens with open(home) and tells which mesh files to run,
 * how many runs came before with trafficBefore(status), what the scenes look at, and prepare(api, status) for what is there before the first
 * picture.
 */
export const dataSets = {
  little: {
    runsBefore: 0,
    async open(home) {
      const apps = await openApps(['web', 'orders'], 1);
      const file = writeMesh(home, 'first-steps', apps, '');
      const focus = { caller: 'web', callee: 'orders', service: 'orders', recording: 'first' };
      return {
        files: [file],
        args: ['--no-traffic'],
        focus,
        async prepare(_api, status) {
          focus.send = () => callAll(status, 3, () => ({ from: 'web', to: 'orders', path: '/orders/7' }));
          await callAll(status, 5, (n) => ({ from: 'web', to: 'orders', path: `/orders/${n}` }));
        },
        close: () => closeApps(apps),
      };
    },
  },
  typical: {
    runsBefore: 1,
    async open() {
      const focus = { caller: 'reviews', callee: 'ratings', service: 'reviews', recording: 'checkout', scenario: 'canary' };
      // Its customers come by themselves.
      const visits = () => new Promise((resolve) => setTimeout(resolve, 15_000));
      const files = [path.join(root, 'samples', 'shop')];
      return { files, args: [], focus, trafficBefore: visits, prepare: async () => {}, close: async () => {} };
    },
  },
  overwhelming: {
    runsBefore: 10,
    open: openOverwhelming,
  },
};

const longNames = [
  'recommendation-engine-personalised',
  'checkout',
  'inventory-reservation-and-allocation',
  'ledger',
  'search-and-discovery-frontend',
  'mail',
];
const manyServices = 60;

async function openOverwhelming(home) {
  const names = Array.from({ length: manyServices }, (_, n) => `${longNames[n % longNames.length]}-${n}`);
  const apps = await openApps(names, 2);
  const policies = names.slice(0, 40).map(policiesOf).join('');
  const file = writeMesh(home, 'a-very-long-name-of-a-mesh-that-somebody-gave-without-thinking', apps, policies);
  const shared = names.slice(-5);
  // Each of the first half calls two of the next tier; the last tier calls what everybody shares.
  const calleeOf = (caller, turn) => names[caller * 2 + 1 + (turn % 2)] ?? shared[caller % shared.length];
  const focus = {
    caller: names[0],
    callee: names[1],
    service: names[1],
    recording: 'the-whole-of-monday-with-every-single-checkout',
  };
  const callers = manyServices - shared.length;
  const call = (n) => ({
    from: names[n % callers],
    to: calleeOf(n % callers, Math.floor(n / callers)),
    path: `/api/v2/customers/${n}/orders?include=items,prices,shipping&locale=de-DE&page=${n % 9}`,
    headers: n % 17 === 0 ? { 'x-bad': '1' } : n % 23 === 0 ? { 'x-sleep': '80' } : {},
  });
  let steady = null;
  return {
    files: [file],
    args: ['--no-traffic'],
    focus,
    trafficBefore: (status) => callAll(status, 400, call),
    async prepare(api, status) {
      await callAll(status, 6_000, call);
      await armFaults(api, names);
      for (let n = 0; n < 25; n++) {
        const { id } = await api('POST', '/recordings', { name: `a recording with a rather long name, number ${n}` });
        await callAll(status, 5, call);
        await api('POST', `/recordings/${id}/stop`);
      }
      let next = 0;
      steady = setInterval(() => void callAll(status, 10, () => call(next++)), 100);
    },
    async close() {
      clearInterval(steady);
      await closeApps(apps);
    },
  };
}

async function armFaults(api, names) {
  for (const [n, service] of names.slice(0, 25).entries()) {
    const abort = n % 2 ? { abort: { httpStatus: 503 } } : {};
    await api('POST', '/faults', {
      name: `drill-${n}`,
      spec: { to: { service }, percentage: 1 + n, delay: { fixed: '200ms' }, ...abort },
    });
  }
}

const policiesOf = (name) => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}}
spec:
  host: ${name}
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 4, interval: 2s, baseEjectionTime: 20s, maxEjectionPercent: 100}
    connectionPool: {http: {http1MaxPendingRequests: 50}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec:
  hosts: [${name}]
  http:
    - route:
        - {destination: {host: ${name}, subset: v1}, weight: 80}
        - {destination: {host: ${name}, subset: v2}, weight: 20}
      retries: {attempts: 2, retryOn: 5xx}
`;

/** One process for all: what each service would answer, `versions` ports each. */
async function openApps(names, versions) {
  const listen = (name, version) =>
    new Promise((resolve) => {
      const server = http.createServer((request, response) => {
        const answer = () => {
          response.writeHead(request.headers['x-bad'] ? 503 : 200, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ service: name, version, path: request.url, items: [1, 2, 3] }));
        };
        setTimeout(answer, Number(request.headers['x-sleep'] ?? 3));
      });
      server.listen(0, '127.0.0.1', () => resolve({ name, version, server, port: server.address().port }));
    });
  return Promise.all(names.flatMap((name) => Array.from({ length: versions }, (_, n) => listen(name, `v${n + 1}`))));
}

async function closeApps(apps) {
  for (const { server } of apps) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function writeMesh(home, name, apps, policies) {
  const names = [...new Set(apps.map((app) => app.name))];
  const services = names.map((service) => {
    const workloads = apps
      .filter((app) => app.name === service)
      .map(({ version, port }) => `{version: ${version}, address: '127.0.0.1:${port}'}`);
    return `    - {name: ${service}, port: 9080, workloads: [${workloads.join(', ')}]}`;
  });
  const mesh = `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: ${name}}\nspec:\n  services:\n${services.join('\n')}\n`;
  const file = path.join(home, 'mesh.yaml');
  writeFileSync(file, mesh + policies);
  return file;
}

const lanes = 25;

/** `count` calls, a bounded number at a time, each from a service through its own sidecar. */
async function callAll(status, count, callOf) {
  let next = 0;
  const lane = async () => {
    while (next < count) await send(status, callOf(next++));
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}

const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });

function send(status, { from, to, path: place, headers = {} }) {
  const { hostname, port } = new URL(status.workloads.find(({ service }) => service === from).outbound);
  return new Promise((resolve) => {
    const options = { agent, hostname, port, path: place, headers: { host: `${to}:9080`, ...headers } };
    // A call that fails is data as well: the pictures show what the mesh made of it.
    http.get(options, (response) => response.resume().on('close', resolve)).on('error', resolve);
  });
}

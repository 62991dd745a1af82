import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Engine } from '../engine.ts';
import type { ReadRecords } from './run.ts';
import type { Target } from './send.ts';

/** A real engine on a home of its own, serving one mesh. */
export interface TestMesh {
  engine: Engine;
  /** Outbound listener of a workload. */
  outbound(workload: string): Target;
  inbound(workload: string): Target;
  ingress(): Target;
  /** Applies YAML live; throws with the diagnostics when it is refused. */
  apply(yaml: string): Promise<void>;
  api(route: string, method?: string, body?: string, type?: string): Promise<unknown>;
  readRecords: ReadRecords;
  close(): Promise<void>;
}

export async function startMesh(yaml: string): Promise<TestMesh> {
  const home = await mkdtemp(path.join(tmpdir(), 'drydock-conformance-'));
  const file = path.join(home, 'mesh.yaml');
  await writeFile(file, yaml);
  const engine = await Engine.start({ home, paths: [file] }).catch(async (error: unknown) => {
    await rm(home, { recursive: true, force: true });
    const { diagnostics } = error as { diagnostics?: { severity: string; message: string; resource?: string }[] };
    if (diagnostics === undefined) throw error;
    const errors = diagnostics.filter((d) => d.severity === 'error');
    throw new Error(errors.map((d) => `${d.resource ?? ''} ${d.message}`).join('\n'));
  });
  const workload = (id: string) => {
    const found = engine.ready().workloads.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no workload ${id}`);
    return found;
  };
  const api = async (route: string, method = 'GET', body?: string, type = 'application/json'): Promise<unknown> => {
    const { control } = engine.ready();
    const response = await fetch(`${control.url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${control.token}`, ...(body === undefined ? {} : { 'content-type': type }) },
      body,
    });
    const json: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${JSON.stringify(json)}`);
    return json;
  };
  return {
    engine,
    outbound: (id) => targetOf(workload(id).outbound),
    inbound: (id) => targetOf(`http://${workload(id).inbound}`),
    ingress: () => targetOf(engine.ready().ingress),
    apply: async (text) => void (await api('/apply', 'POST', text, 'application/yaml')),
    api,
    readRecords: (ids) => readRecords(api, ids),
    close: async () => {
      await engine.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function targetOf(url: string): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

interface Page {
  exchanges: { requestId?: string; reporter: string; flags: string; details: string }[];
  next?: string | null;
}

/** The callers' records, page by page until all ids were found or there are no more. */
async function readRecords(
  api: TestMesh['api'],
  ids: ReadonlySet<string>,
): Promise<Map<string, { flags: string; details: string }>> {
  const records = new Map<string, { flags: string; details: string }>();
  // A tunnel's record comes when its last byte has passed.
  for (let tries = 0; tries < 10 && records.size < ids.size; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    await readPages(api, ids, records);
  }
  return records;
}

async function readPages(
  api: TestMesh['api'],
  ids: ReadonlySet<string>,
  records: Map<string, { flags: string; details: string }>,
): Promise<void> {
  let cursor = '';
  for (let page = 0; page < 200; page++) {
    const { exchanges, next } = (await api(`/exchanges?limit=500${cursor}`)) as Page;
    for (const { requestId, reporter, flags, details } of exchanges) {
      if (requestId !== undefined && reporter !== 'destination' && ids.has(requestId)) records.set(requestId, { flags, details });
    }
    if (!next || records.size >= ids.size) break;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
}

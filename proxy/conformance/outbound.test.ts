import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apps, startApps } from './apps.ts';
import { outboundGroups } from './cases/index.ts';
import { groupDocuments, meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { type CaseResult, runGroups } from './run.ts';

/* All cases of one outbound hop against a real engine: one mesh, one host per group. The cases run first; each then reports for itself. */

let apps: Apps;
let mesh: TestMesh;
let results: Map<unknown, CaseResult>;

beforeAll(async () => {
  apps = await startApps({ tls: true });
  const services = [
    { name: 'client', port: 9080, workloads: [{ version: 'v1', locality: 'eu/a/1', address: `127.0.0.1:${apps.ports.a}` }] },
  ];
  mesh = await startMesh(
    meshText(
      { services },
      outboundGroups.flatMap((group) => groupDocuments(group, apps)),
    ),
  );
  const target = mesh.outbound('client-v1-0');
  const all = await runGroups(outboundGroups, { apps, run: 'd', targetOf: () => target, readRecords: mesh.readRecords });
  results = new Map(all.map((result) => [result.case, result]));
}, 90_000);
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

for (const group of outboundGroups) {
  describe(`${group.source} (${group.id})`, () => {
    for (const one of group.cases) test(one.name, () => expect(results.get(one)?.wrong).toEqual([]));
  });
}

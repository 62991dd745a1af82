import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apps, startApps } from './apps.ts';
import { meshGroups } from './cases/mesh.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { type CaseResult, runGroups } from './run.ts';

/* Two hops: a caller's and a callee's sidecar, one service per group. */

let apps: Apps;
let mesh: TestMesh;
let results: Map<unknown, CaseResult>;

beforeAll(async () => {
  apps = await startApps();
  const services = new Map<string, object>();
  const add = (name: string, namespace: string, port: number): void => {
    services.set(`${namespace}/${name}`, { name, namespace, port: 9080, workloads: [{ address: `127.0.0.1:${port}` }] });
  };
  add('client', 'default', apps.ports.a);
  for (const group of meshGroups) {
    const { host } = group;
    if (host?.endsWith(':9080')) add(host.split(/[.:]/)[0]!, group.namespace ?? 'default', apps.ports[group.app ?? 'a']);
  }
  mesh = await startMesh(
    meshText(
      { services: [...services.values()] },
      JSON.parse(JSON.stringify(meshGroups.flatMap((group) => group.documents ?? [])).replaceAll('$APP', String(apps.ports.a))),
    ),
  );
  const all = await runGroups(meshGroups, {
    apps,
    run: 'm',
    targetOf: ({ from }) => (from?.startsWith('plain:') ? mesh.inbound(`${from.slice(6)}-x-0`) : mesh.outbound('client-x-0')),
    readRecords: mesh.readRecords,
  });
  results = new Map(all.map((result) => [result.case, result]));
}, 60_000);
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

for (const group of meshGroups) {
  describe(`${group.source} (${group.id})`, () => {
    for (const one of group.cases) test(one.name, () => expect(results.get(one)?.wrong).toEqual([]));
  });
}

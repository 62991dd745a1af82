import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apps, startApps } from './apps.ts';
import type { Document, Group } from './case.ts';
import {
  gatewayApiDocuments,
  gatewayApiGroups,
  istioGatewayDocuments,
  istioGatewayGroups,
  refusedDocuments,
  refusedGroups,
  trafficDocuments,
  trafficGroups,
} from './cases/gateway/index.ts';
import { meshText } from './documents.ts';
import { startMesh } from './mesh.ts';
import { type CaseResult, runGroups } from './run.ts';

/* Requests from outside, through the ingress gateway: one mesh with Istio's Gateway, one with the Gateway API's. */

const apiGroups = [...gatewayApiGroups, ...refusedGroups, ...trafficGroups];
const results = new Map<unknown, CaseResult>();
let apps: Apps;

async function run(documents: Document[], groups: readonly Group[]): Promise<void> {
  const service = (name: string, port: number) => ({ name, port: 9080, workloads: [{ address: `127.0.0.1:${port}` }] });
  const far = ['far', 'opened'].map((name) => ({ ...service(name, apps.ports.b), namespace: 'other' }));
  const services = [service('one', apps.ports.a), service('two', apps.ports.b), service('gone', apps.ports.dead), ...far];
  const mesh = await startMesh(meshText({ services }, documents));
  try {
    // The gateway chooses the request ids: records cannot be found by ours.
    const readRecords = async () => new Map<string, { flags: string; details: string }>();
    const all = await runGroups(groups, { apps, run: 'g', targetOf: () => mesh.ingress(), readRecords });
    for (const result of all) results.set(result.case, result);
  } finally {
    await mesh.close();
  }
}

beforeAll(async () => {
  apps = await startApps();
  await run(istioGatewayDocuments, istioGatewayGroups);
  await run([...gatewayApiDocuments, ...refusedDocuments, ...trafficDocuments], apiGroups);
}, 60_000);
afterAll(async () => {
  await apps?.close();
});

for (const group of [...istioGatewayGroups, ...apiGroups]) {
  describe(`${group.source} (${group.id})`, () => {
    for (const one of group.cases) test(one.name, () => expect(results.get(one)?.wrong).toEqual([]));
  });
}

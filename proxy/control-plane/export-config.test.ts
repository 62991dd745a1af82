import { describe, expect, test } from 'vitest';
import { parseText, ResourceSet } from '../config/index.ts';
import { compile } from './compile/index.ts';
import { exportConfig } from './export-config.ts';

const mesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: test}
spec: {services: [{name: orders, port: 9080, workloads: [{version: v1, address: "127.0.0.1:3000"}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orders}
spec: {hosts: [orders], http: [{route: [{destination: {host: orders}}]}]}
`;

function running() {
  const { set } = ResourceSet.empty.replaceFiles(parseText(mesh, 'mesh.yaml').documents, { now: 0 });
  return { set, snapshot: compile(set, { version: 1, now: 0 }).snapshot };
}

describe('exportConfig', () => {
  test('writes what runs for Istio, without what only Drydock reads', () => {
    const { text } = exportConfig(running(), 'istio');
    expect(text).toContain('kind: VirtualService');
    expect(text).not.toContain('kind: Mesh');
  });
  test('writes the bootstrap of a workload for Envoy', () => {
    expect(JSON.parse(exportConfig(running(), 'envoy', 'orders-v1-0').text)).toHaveProperty('static_resources');
    expect(() => exportConfig(running(), 'envoy', 'nobody')).toThrow(/orders-v1-0/);
  });
  test('names the formats there are', () => {
    expect(() => exportConfig(running(), 'nomad')).toThrow(/gateway-api/);
  });
});

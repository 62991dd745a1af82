import { expect, test } from 'vitest';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { callsOutside } from './calls-outside.ts';

test('what left the mesh is counted by host, most first, among all requests', () => {
  const node = (id: string, kind: GraphNode['kind']) => ({ id, kind, name: id }) as GraphNode;
  const edge = (to: string, count: number) => ({ from: 'default/web', to, count }) as GraphEdge;
  const graph = {
    nodes: [node('default/web', 'service'), node('api.example', 'external'), node('mail.example', 'external')],
    edges: [edge('default/web', 10), edge('mail.example', 2), edge('api.example', 5), edge('api.example', 1)],
  };
  expect(callsOutside(graph)).toEqual({
    hosts: [
      { host: 'api.example', count: 6 },
      { host: 'mail.example', count: 2 },
    ],
    requests: 8,
    total: 18,
  });
  expect(callsOutside(null)).toEqual({ hosts: [], requests: 0, total: 0 });
});

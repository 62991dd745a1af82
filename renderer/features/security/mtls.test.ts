import { describe, expect, test } from 'vitest';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { usesOf } from './flaws.ts';
import { callsInto, meshWide, modeOf, narrower, peerAuthentication, summariseMtls } from './mtls.ts';
import { decidedFilter } from './policies-tab.tsx';
import { describeVerdict } from './verdict.ts';

const peer = (namespace: string, name: string, spec: unknown): Resource => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  namespace,
  name,
  yaml: '',
  spec,
  source: { file: 'mesh.yaml', line: 1, live: false },
  status: { state: 'accepted', matched: 0, usedBy: [], diagnostics: [] },
});
const node = (id: string, kind: GraphNode['kind']) => ({ id, kind }) as GraphNode;
const edge = (from: string, to: string, count: number, mtlsShare: number) => ({ from, to, count, mtlsShare }) as GraphEdge;

describe('the mesh-wide mode', () => {
  test('is PERMISSIVE until the root namespace says otherwise; the oldest without a selector counts', () => {
    expect(modeOf(meshWide([]))).toBe('PERMISSIVE');
    const all = [
      peer('default', 'own', { mtls: { mode: 'DISABLE' } }),
      peer('istio-system', 'picky', { selector: { matchLabels: { app: 'x' } }, mtls: { mode: 'DISABLE' } }),
      peer('istio-system', 'first', { mtls: { mode: 'STRICT' } }),
      peer('istio-system', 'second', { mtls: { mode: 'PERMISSIVE' } }),
    ];
    expect(modeOf(meshWide(all))).toBe('STRICT');
    expect(narrower(all).map(({ name }) => name)).toEqual(['own', 'picky']);
  });
  test('is changed in the object that is in force, for a second one would have no effect', () => {
    expect(peerAuthentication('STRICT', peer('istio-system', 'first', {}))).toContain('name: first\n  namespace: istio-system');
    expect(peerAuthentication('STRICT', null)).toContain('name: default');
  });
});

test('what STRICT would refuse counts requests into the mesh only', () => {
  const graph = {
    nodes: [node('ns/a', 'service'), node('ns/b', 'service'), node('outside', 'outside'), node('api.example', 'external')],
    edges: [
      edge('ns/a', 'ns/b', 10, 1),
      edge('outside', 'ns/b', 8, 0.25),
      edge('ns/a', 'api.example', 5, 0),
      edge('ns/b', 'ns/a', 0, 0),
    ],
  } as unknown as Graph;
  const { edges, secure, requests, plainRequests } = summariseMtls(graph);
  expect({ edges, secure, requests, plainRequests }).toEqual({ edges: 2, secure: 1, requests: 18, plainRequests: 6 });
  expect(summariseMtls(null)).toMatchObject({ edges: 0, plainRequests: 0 });
});

test('calls are in an order that stays: what STRICT would refuse, then by name', () => {
  const graph = {
    nodes: [node('ns/a', 'service'), node('ns/b', 'service'), node('outside', 'outside')],
    edges: [edge('ns/b', 'ns/a', 9, 1), edge('ns/a', 'ns/b', 1, 1), edge('outside', 'ns/b', 2, 0.5)],
  } as unknown as Graph;
  expect(callsInto(graph).map(({ from, to }) => `${from} ${to}`)).toEqual(['outside ns/b', 'ns/a ns/b', 'ns/b ns/a']);
});

describe('the verdict', () => {
  const base = {
    request: { from: 'orders', to: 'payments', method: 'GET', path: '/admin', headers: {} },
    faults: [],
    outcome: 'forward',
  } as const;
  const policy = (outcome: string, path: string) => ({
    resource: { kind: 'AuthorizationPolicy', namespace: 'default', name: 'pay-deny', path },
    outcome,
    reason: 'a DENY rule matches',
  });
  test('names policy and rule that refuse, counted from one', () => {
    const verdict = describeVerdict({ ...base, policies: [policy('not-matched', ''), policy('denied', 'spec.rules[1]')] });
    expect(verdict).toMatchObject({ word: 'DENY', text: 'by AuthorizationPolicy default/pay-deny, rule 2: a DENY rule matches' });
  });
  test('says that nobody objects', () => {
    expect(describeVerdict({ ...base, policies: [] })).toMatchObject({ word: 'ALLOW' });
    expect(describeVerdict({ ...base, outcome: 'no-route', policies: [] })).toMatchObject({ word: 'NOT SENT' });
  });
});

test('a certificate’s use counts the mutual TLS of both sides, and of no other service', () => {
  const edges = [
    edge('default/web', 'default/pay', 100, 0.5),
    edge('default/pay', 'default/bank', 10, 1),
    edge('default/web', 'default/mail', 7, 1),
    edge('outside', 'default/pay', 5, 0),
  ];
  expect(usesOf('pay', { edges })).toMatchObject({ requests: 60, edges: [{ count: 100 }, { count: 10 }] });
  expect(usesOf('nobody', { edges }).requests).toBe(0);
  expect(usesOf('pay', null).requests).toBe(0);
});

test('a refusal is found by its policy, what was allowed by the service that it guards', () => {
  const policy = (name: string, spec: unknown): Resource => ({ ...peer('default', name, spec), kind: 'AuthorizationPolicy' });
  expect(decidedFilter(policy('no-admin', { action: 'DENY' }))).toBe('"policy[no-admin]"');
  expect(decidedFilter(policy('callers', { selector: { matchLabels: { app: 'pay' } } }))).toBe('dest:pay');
  expect(decidedFilter(policy('all', {}))).toBe('');
});

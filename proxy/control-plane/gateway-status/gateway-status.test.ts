import { expect, test } from 'vitest';
import { parseText, ResourceSet, validate } from '../../config/index.ts';
import { compile } from '../compile/index.ts';
import { gatewayConditions, StatusFacts } from './index.ts';

/* Listeners that cannot be served, each told why, and left out of what is compiled. Source: istiod buildListener, listener_conflict.go. */

const mesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec: {services: [{name: web, port: 8080, workloads: [{address: '127.0.0.1:1'}]}]}
`;
const gateway = (listeners: string, kind = 'HTTPRoute') => `${mesh}---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: default}
spec: {gatewayClassName: istio, listeners: [${listeners}]}
---
apiVersion: gateway.networking.k8s.io/${kind === 'TCPRoute' ? 'v1alpha2' : 'v1'}
kind: ${kind}
metadata: {name: r, namespace: default}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 8080}]}]}
`;

async function told(listeners: string, kind?: string) {
  const { set } = ResourceSet.empty.replaceFiles(parseText(gateway(listeners, kind), 'x.yaml').documents, { now: 0 });
  const errors = (await validate(set)).filter(({ severity }) => severity === 'error').map(({ message }) => message);
  const status = gatewayConditions(set.list('Gateway')[0]!, new StatusFacts(set));
  const { snapshot, diagnostics } = compile(set, { version: 1, now: 0 });
  const served = snapshot.proxies
    .at(-1)!
    .listeners.flatMap((one) => (one.role === 'gateway' ? one.servers.map(({ name }) => name) : []));
  const conditions = Object.fromEntries(
    (status.listeners ?? []).map((one) => [
      one.name,
      `${one.attachedRoutes} ${one.conditions
        .filter(({ type, status: is }) => is !== (type === 'Conflicted' ? 'False' : 'True'))
        .map(({ type, reason }) => `${type}/${reason}`)
        .join(' ')}`.trim(),
    ]),
  );
  const [accepted] = status.conditions ?? [];
  return {
    errors,
    served,
    conditions,
    gateway: `${accepted?.status}/${accepted?.reason}`,
    codes: diagnostics.map(({ code }) => code),
    kinds: Object.fromEntries(
      (status.listeners ?? []).map((one) => [one.name, (one.supportedKinds ?? []).map(({ kind: k }) => k).join()]),
    ),
  };
}

test('a protocol nobody serves', async () => {
  expect(await told('{name: web, port: 80, protocol: HTTP}, {name: udp, port: 53, protocol: UDP}')).toMatchObject({
    errors: [],
    served: ['web'],
    conditions: { web: '1', udp: '0 Accepted/UnsupportedProtocol Programmed/Invalid' },
    gateway: 'True/ListenersNotValid',
    codes: ['DD4107'],
  });
  expect((await told('{name: udp, port: 53, protocol: UDP}')).gateway).toBe('False/ListenersNotValid');
});

test('TCP shares a port with nobody: the first listener is served', async () => {
  const conflict = '0 Accepted/ProtocolConflict Programmed/ProtocolConflict Conflicted/ProtocolConflict';
  expect(await told('{name: web, port: 80, protocol: HTTP}, {name: tcp, port: 80, protocol: TCP}')).toMatchObject({
    served: ['web'],
    conditions: { web: '1', tcp: conflict },
    codes: ['DD4107'],
  });
  const shared =
    '{name: https, port: 443, protocol: HTTPS, hostname: a.test}, {name: tls, port: 443, protocol: TLS, hostname: b.test, tls: {mode: Passthrough}}';
  expect(await told(shared)).toMatchObject({ served: ['https', 'tls'], conditions: { https: '1', tls: '0' } });
});

test('two protocols for one hostname of a port', async () => {
  expect(
    (await told('{name: a, port: 443, protocol: HTTPS, hostname: a.test}, {name: b, port: 443, protocol: TLS, hostname: a.test}'))
      .conditions,
  ).toEqual({
    a: '1',
    b: '0 Accepted/ProtocolConflict Programmed/ProtocolConflict Conflicted/ProtocolConflict',
  });
});

test('kinds a listener can take, and kinds it cannot', async () => {
  const { kinds, conditions } = await told(
    `{name: web, port: 80, protocol: HTTP}, {name: tcp, port: 81, protocol: TCP},
     {name: through, port: 82, protocol: TLS, tls: {mode: Passthrough}}, {name: ended, port: 83, protocol: TLS, tls: {mode: Terminate}},
     {name: wrong, port: 84, protocol: HTTP, allowedRoutes: {kinds: [{kind: TCPRoute}, {kind: GRPCRoute}]}},
     {name: closed, port: 85, protocol: HTTP, allowedRoutes: {namespaces: {from: None}}}`,
  );
  expect(kinds).toEqual({
    web: 'HTTPRoute,GRPCRoute',
    tcp: 'TCPRoute',
    through: 'TLSRoute',
    ended: 'TLSRoute,TCPRoute',
    wrong: 'GRPCRoute',
    closed: 'HTTPRoute,GRPCRoute',
  });
  expect(conditions).toMatchObject({ web: '1', wrong: '0 ResolvedRefs/InvalidRouteKinds', closed: '0' });
});

test('a TCPRoute attaches where TCP is', async () => {
  const { conditions } = await told('{name: web, port: 80, protocol: HTTP}, {name: tcp, port: 81, protocol: TCP}', 'TCPRoute');
  expect(conditions).toEqual({ web: '0', tcp: '1' });
});

test.each([
  [
    'two listeners of one name',
    '{name: a, port: 80, protocol: HTTP}, {name: a, port: 81, protocol: HTTP}',
    'Two listeners are called a.',
  ],
  [
    'two listeners of one port and hostname',
    '{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}',
    'Port, protocol and hostname together',
  ],
  ['TLS of plain HTTP', '{name: a, port: 80, protocol: HTTP, tls: {mode: Terminate}}', 'Protocol HTTP has no tls.'],
  ['HTTPS that passes through', '{name: a, port: 80, protocol: HTTPS, tls: {mode: Passthrough}}', 'HTTPS ends TLS'],
  ['a hostname of TCP', '{name: a, port: 80, protocol: TCP, hostname: x.test}', 'Protocol TCP has no hostnames.'],
])('what the API server refuses is refused: %s', async (_, listeners, message) => {
  expect((await told(listeners)).errors.join()).toContain(message);
});

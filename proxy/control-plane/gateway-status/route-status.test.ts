import { describe, expect, test } from 'vitest';
import { resourceStatusSchema } from '../../api/diagnostic.schema.ts';
import { parseText, ResourceSet } from '../../config/index.ts';
import { gatewayConditions, StatusFacts } from './index.ts';

/* The status-only tests of Gateway API's conformance suite, by their facts: what each reference or hostname is told as. */

const base = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 8080, workloads: [{address: '127.0.0.1:1'}]}
    - {name: far, namespace: other, port: 8080, workloads: [{address: '127.0.0.1:2'}]}
    - {name: open, namespace: other, port: 8080, workloads: [{address: '127.0.0.1:3'}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: default}
spec:
  gatewayClassName: drydock
  listeners:
    - {name: http, port: 80, protocol: HTTP, hostname: '*.shop.example'}
    - {name: closed, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: None}}}
    - {name: grpc, port: 82, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant, namespace: other}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: '', kind: Service, name: open}]
`;
const route = (spec: string, namespace = 'default') =>
  `---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: ${namespace}}\nspec: ${spec}\n`;
const set = (more: string) => ResourceSet.empty.replaceFiles(parseText(base + more, 'x.yaml').documents, { now: 0 }).set;

/** `Accepted=True/Accepted ResolvedRefs=…` of the first parent. */
function told(spec: string, namespace?: string): string {
  const resources = set(route(spec, namespace));
  const found = resources.list('HTTPRoute')[0]!;
  const [parent] = gatewayConditions(found, new StatusFacts(resources)).parents ?? [];
  return (parent?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
}
const to = (backend: string) =>
  `{parentRefs: [{name: edge, sectionName: http}], hostnames: [a.shop.example], rules: [{backendRefs: [${backend}]}]}`;
const under = (parent: string, hostname = 'a.shop.example') =>
  `{parentRefs: [${parent}], hostnames: [${hostname}], rules: [{backendRefs: [{name: web, port: 8080}]}]}`;
const fine = 'ResolvedRefs=True/ResolvedRefs';

describe('conditions of a route', () => {
  test.each([
    ['an attached route with known backends', under('{name: edge}'), `Accepted=True/Accepted ${fine}`],
    ['no such Gateway', under('{name: nowhere}'), `Accepted=False/NoMatchingParent ${fine}`],
    ['no such section', under('{name: edge, sectionName: missing}'), `Accepted=False/NoMatchingParent ${fine}`],
    ['no listener on that port', under('{name: edge, port: 8443}'), `Accepted=False/NoMatchingParent ${fine}`],
    [
      'the section is on another port',
      under('{name: edge, sectionName: http, port: 81}'),
      `Accepted=False/NoMatchingParent ${fine}`,
    ],
    ['a listener for nobody', under('{name: edge, sectionName: closed}'), `Accepted=False/NotAllowedByListeners ${fine}`],
    ['a listener for another kind', under('{name: edge, sectionName: grpc}'), `Accepted=False/NotAllowedByListeners ${fine}`],
    [
      'hostnames that do not meet',
      under('{name: edge, sectionName: http}', 'b.example'),
      `Accepted=False/NoMatchingListenerHostname ${fine}`,
    ],
    ['a wildcard that meets', under('{name: edge, sectionName: http}', "'*.example'"), `Accepted=True/Accepted ${fine}`],
    ['a Service as parent', under('{kind: Service, group: "", name: web, port: 8080}'), `Accepted=True/Accepted ${fine}`],
    ['a Service that is not there', under('{kind: Service, group: "", name: ghost}'), `Accepted=False/NoMatchingParent ${fine}`],
    [
      'a backend of unknown kind',
      to('{kind: Lambda, name: web, port: 8080}'),
      'Accepted=True/Accepted ResolvedRefs=False/InvalidKind',
    ],
    ['a backend that is not there', to('{name: ghost, port: 8080}'), 'Accepted=True/Accepted ResolvedRefs=False/BackendNotFound'],
    ['a port that is not there', to('{name: web, port: 9}'), 'Accepted=True/Accepted ResolvedRefs=False/BackendNotFound'],
    [
      'another namespace without grant',
      to('{name: far, namespace: other, port: 8080}'),
      'Accepted=True/Accepted ResolvedRefs=False/RefNotPermitted',
    ],
    [
      'a Service as parent needs no grant',
      '{parentRefs: [{kind: Service, group: "", name: web}], rules: [{backendRefs: [{name: far, namespace: other, port: 8080}]}]}',
      `Accepted=True/Accepted ${fine}`,
    ],
    [
      'a filter nobody knows',
      to('{name: web, port: 8080}], filters: [{type: ExtensionRef, extensionRef: {group: x.example, kind: X, name: x}}'),
      'Accepted=True/Accepted ResolvedRefs=False/InvalidFilter',
    ],
    [
      'a redirect in a backendRef',
      to('{name: web, port: 8080, filters: [{type: RequestRedirect, requestRedirect: {hostname: x.example}}]}'),
      'Accepted=True/Accepted ResolvedRefs=False/InvalidFilter',
    ],
    ['a host for a name', to('{name: web.default, port: 8080}'), 'Accepted=True/Accepted ResolvedRefs=False/InvalidDestination'],
    [
      'a known host',
      to('{group: networking.istio.io, kind: Hostname, name: web.default.svc.cluster.local, port: 8080}'),
      `Accepted=True/Accepted ${fine}`,
    ],
    // The first rule is fine and served; the conformance test PartiallyInvalidViaInvalidReferenceGrant asks for no more.
    [
      'one rule of two without grant',
      '{parentRefs: [{name: edge, sectionName: http}], rules: [{backendRefs: [{name: web, port: 8080}]}, {backendRefs: [{name: far, namespace: other, port: 8080}]}]}',
      'Accepted=True/Accepted ResolvedRefs=False/RefNotPermitted',
    ],
    ['another namespace with a grant', to('{name: open, namespace: other, port: 8080}'), `Accepted=True/Accepted ${fine}`],
  ])('%s', (_, spec, expected) => expect(told(spec)).toBe(expected));

  test('a listener admits its own namespace only, unless told', () => {
    expect(told(under('{name: edge, namespace: default, sectionName: http}'), 'other')).toMatch(
      /^Accepted=False\/NotAllowedByListeners/,
    );
  });
});

test('observedGeneration counts the changes of the route', () => {
  const before = set(route(under('{name: edge}')));
  const observed = (resources: ResourceSet) =>
    gatewayConditions(resources.list('HTTPRoute')[0]!, new StatusFacts(resources)).parents?.[0]?.conditions.map(
      (one) => one.observedGeneration,
    );
  expect(observed(before)).toEqual([1, 1]);
  const [changed] = parseText(route(under('{name: edge}', 'b.shop.example')), 'x.yaml').documents;
  const after = before.apply([changed!], { live: true, now: 1 }).set;
  expect(observed(after)).toEqual([2, 2]);
  expect(observed(after.apply([changed!], { live: true, now: 2 }).set)).toEqual([2, 2]);
});

test('a Gateway is accepted and programmed, and counts the routes of each listener', () => {
  const resources = set(route(under('{name: edge, sectionName: http}')));
  const gateway = resources.list('Gateway')[0]!;
  const status = gatewayConditions(gateway, new StatusFacts(resources));
  resourceStatusSchema.parse({ state: 'accepted', matched: 0, usedBy: [], diagnostics: [], ...status });
  expect(status.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual(['Accepted=True', 'Programmed=True']);
  expect(status.listeners?.map(({ name, attachedRoutes }) => [name, attachedRoutes])).toEqual([
    ['http', 1],
    ['closed', 0],
    ['grpc', 0],
  ]);
});

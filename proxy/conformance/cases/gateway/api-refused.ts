import type { Case, Document, Group } from '../../case.ts';
import { backend, gatewayApi, httpRoute, path, says } from './api.ts';

/* Routes of which Istio serves nothing, and backends that lead nowhere. Source: pilot/pkg/config/kube/gateway, computeRoute and conversion.go. */

const fine: Document = { filters: [says('fine')], backendRefs: [backend('one')] };
/** A route with one rule that is right and one that cannot be served. */
const broken = (name: string, rule: Document): Document =>
  httpRoute(
    name,
    [`${name}.refused.example`],
    [
      { ...fine, matches: [path('PathPrefix', '/fine')] },
      { matches: [path('PathPrefix', '/')], ...rule },
    ],
  );
const elsewhere = (name: string): Document => backend(name, { namespace: 'other' });
const ofBackend = (filter: Document): Document => ({ backendRefs: [backend('one', { filters: [filter] })] });
const extension: Document = { type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Filter', name: 'x' } };
const redirect: Document = { type: 'RequestRedirect', requestRedirect: { hostname: 'other.example' } };
const rewrite = (spec: Document): Document => ({ type: 'URLRewrite', urlRewrite: spec });

export const refusedDocuments: Document[] = [
  broken('extension', { ...fine, filters: [extension] }),
  broken('external-auth', {
    ...fine,
    filters: [{ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', backendRef: backend('two'), http: {} } }],
  }),
  broken('backend-redirect', ofBackend(redirect)),
  broken('backend-host', ofBackend(rewrite({ hostname: 'inner.example' }))),
  broken('backend-path', ofBackend(rewrite({ path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } }))),
  broken('backend-extension', ofBackend(extension)),
  broken('backend-mirror', ofBackend({ type: 'RequestMirror', requestMirror: { backendRef: backend('two') } })),
  broken('dotted', { backendRefs: [backend('one.default.svc.cluster.local')] }),
  // What has no weight is not looked at.
  broken('weightless', { backendRefs: [backend('one'), backend('two', { weight: 0, filters: [redirect] })] }),
  broken('absent', { backendRefs: [backend('one', { weight: 1 }), backend('ghost', { weight: 1 })] }),
  broken('foreign', { backendRefs: [backend('one', { kind: 'Lambda', group: 'example.com' })] }),
  broken('hostname', {
    backendRefs: [{ kind: 'Hostname', group: 'networking.istio.io', name: 'one.default.svc.cluster.local', port: 9080 }],
  }),
  broken('lost-mirror', { ...fine, filters: [{ type: 'RequestMirror', requestMirror: { backendRef: backend('ghost') } }] }),
  broken('ungranted', { backendRefs: [elsewhere('far')] }),
  broken('granted', { backendRefs: [elsewhere('opened')] }),
  {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: 'opened', namespace: 'other' },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
      to: [{ group: '', kind: 'Service', name: 'opened' }],
    },
  },
  // The listener takes routes of all namespaces.
  {
    ...gatewayApi('HTTPRoute', 'abroad', {
      parentRefs: [{ name: 'api', namespace: 'default' }],
      hostnames: ['abroad.refused.example'],
      rules: [{ backendRefs: [backend('far')] }],
    }),
    metadata: { name: 'abroad', namespace: 'other' },
  },
  // A second route of the host of a refused one goes on.
  httpRoute('beside', ['extension.refused.example'], [{ ...fine, matches: [path('PathPrefix', '/beside')] }]),
];

const nothing = (name: string): Case[] =>
  ['/', '/fine'].map((text) => ({
    name: `${name}${text}: nothing of the route is served`,
    host: `${name}.refused.example`,
    path: text,
    expect: { status: 404, body: '', attempts: 0 },
  }));
const at = (name: string, text: string, more: Partial<Case> & Pick<Case, 'expect'>): Case => ({
  name: `${name}${text}`,
  host: `${name}.refused.example`,
  path: text,
  ...more,
});

export const refusedGroups: readonly Group[] = [
  {
    id: 'api-refused-filters',
    from: 'ingress',
    source: '§6 filters: what Istio does not know takes the whole route down (InvalidFilter)',
    cases: [
      ...nothing('extension'),
      ...nothing('external-auth'),
      ...nothing('backend-redirect'),
      ...nothing('backend-host'),
      ...nothing('backend-path'),
      ...nothing('backend-extension'),
      ...nothing('backend-mirror'),
      at('extension', '/beside', { expect: { status: 200, headers: { 'x-rule': 'fine' } } }),
      at('weightless', '/', { expect: { status: 200, body: 'a' } }),
    ],
  },
  {
    id: 'api-refused-backends',
    from: 'ingress',
    source: '§6 absent, foreign and misnamed backends',
    cases: [
      ...nothing('dotted'),
      {
        ...at('absent', '/', { expect: { statuses: { 200: [25, 75], 500: [25, 75] } } }),
        name: 'an absent backend: 500 for its share, the other rule is served',
        concurrent: 100,
      },
      at('absent', '/fine', { expect: { status: 200, body: 'a' } }),
      at('ungranted', '/', { expect: { status: 500, body: '', attempts: 0 } }),
      at('ungranted', '/fine', { expect: { status: 200, body: 'a' } }),
      at('granted', '/', { expect: { status: 200, body: 'b' } }),
      at('abroad', '/', { expect: { status: 200, body: 'b' } }),
      at('foreign', '/', { expect: { status: 500, body: '', attempts: 0 } }),
      at('hostname', '/', { expect: { status: 200, body: 'a' } }),
      at('lost-mirror', '/', { expect: { status: 200, body: 'a', attempts: 1 } }),
    ],
  },
];

import { expect, test } from 'vitest';
import { parseText } from '../parse.ts';
import { validateResource } from '../validate.ts';

/* What the API server refuses of Gateway API objects, and what it lets pass although istiod cannot serve it. */

async function told(kind: string, spec: string, version = 'v1'): Promise<string[]> {
  const text = `apiVersion: gateway.networking.k8s.io/${version}\nkind: ${kind}\nmetadata: {name: x}\nspec: ${spec}\n`;
  const { documents } = parseText(text, 'x.yaml');
  return (await validateResource(documents[0]!)).map(({ code, severity, path }) => `${severity} ${code} ${path}`);
}
const rule = (filters: string): string => `{rules: [{filters: [${filters}], backendRefs: [{name: a, port: 80}]}]}`;
const redirect = '{type: RequestRedirect, requestRedirect: {hostname: a.test}}';
const rewrite = '{type: URLRewrite, urlRewrite: {hostname: a.test}}';
const extension = '{type: ExtensionRef, extensionRef: {group: a.test, kind: A, name: a}}';

test('a filter type that is none', async () => {
  expect(await told('HTTPRoute', rule('{type: Nothing}'))).toEqual(['error DD1104 spec.rules[0].filters[0].type']);
  expect(await told('GRPCRoute', rule(rewrite))).toContainEqual(expect.stringMatching(/^error/));
});

test('redirect and rewrite in one rule', async () => {
  const found = await told('HTTPRoute', `{rules: [{filters: [${redirect}, ${rewrite}]}]}`);
  expect(found).toEqual(['error DD2001 spec.rules[0].filters[1].type']);
});

test('filters istiod does not know are told once each, where they stand', async () => {
  expect(await told('HTTPRoute', rule(extension))).toEqual(['warning DD4103 spec.rules[0].filters[0].type']);
  expect(await told('GRPCRoute', rule(extension))).toEqual(['warning DD4103 spec.rules[0].filters[0].type']);
  const ofBackend = (more: string) => `{rules: [{backendRefs: [{name: a, port: 80, ${more}filters: [${rewrite}]}]}]}`;
  expect(await told('HTTPRoute', ofBackend(''))).toEqual(['warning DD4103 spec.rules[0].backendRefs[0].filters[0].type']);
  expect(await told('HTTPRoute', ofBackend('weight: 0, '))).toEqual([]);
});

test('TLSRoute and TCPRoute: hostnames and ports', async () => {
  expect(await told('TLSRoute', '{hostnames: [a.test], rules: [{backendRefs: [{name: a, port: 443}]}]}')).toEqual([]);
  expect(await told('TLSRoute', '{hostnames: ["bad host"], rules: [{backendRefs: [{name: a, port: 443}]}]}')).not.toEqual([]);
  expect(await told('TCPRoute', '{rules: [{backendRefs: [{name: a, port: 443}]}]}', 'v1alpha2')).toEqual([]);
  expect(await told('TCPRoute', '{rules: [{backendRefs: [{name: a}]}]}', 'v1alpha2')).toEqual([
    'error DD2001 spec.rules[0].backendRefs[0]',
  ]);
  expect(await told('TCPRoute', '{rulez: []}', 'v1alpha2')).toContain('error DD1101 spec.rulez');
});

test('BackendTLSPolicy: one source of trust, names of their type', async () => {
  const policy = (validation: string) =>
    told(
      'BackendTLSPolicy',
      `{targetRefs: [{group: "", kind: Service, name: a}], validation: {hostname: a.test, ${validation}}}`,
    );
  const ref = 'caCertificateRefs: [{group: "", kind: ConfigMap, name: c}]';
  expect(await policy(ref)).toEqual([]);
  expect(await policy('wellKnownCACertificates: System')).toEqual([]);
  expect(await policy(`${ref}, wellKnownCACertificates: System`)).toEqual([
    'error DD2001 spec.validation.wellKnownCACertificates',
  ]);
  expect(await policy('subjectAltNames: []')).toEqual(['error DD2001 spec.validation']);
  expect(await policy(`${ref}, subjectAltNames: [{type: URI, hostname: a.test}]`)).toEqual([
    'error DD2001 spec.validation.subjectAltNames[0]',
  ]);
});

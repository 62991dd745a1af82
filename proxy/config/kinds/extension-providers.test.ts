import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { parseText } from '../parse.ts';
import { ResourceSet } from '../resource-set.ts';
import { validate } from '../validate.ts';

/** Line 6 is the provider's name, line 7 what it is; its fields follow from line 8, column 7. */
async function check(...lines: string[]): Promise<Diagnostic[]> {
  const text = ['apiVersion: drydock.dev/v1', 'kind: Mesh', 'metadata: {name: shop}', 'spec:', '  extensionProviders:', ...lines];
  const change = ResourceSet.empty.apply(parseText(text.join('\n'), 'mesh.yaml').documents, { live: false, now: 0 });
  return [...change.diagnostics, ...(await validate(change.set))];
}
const http = (...fields: string[]) =>
  check(
    '  - name: badges',
    '    envoyExtAuthzHttp:',
    '      service: authz.default.svc.cluster.local',
    '      port: 9000',
    ...fields,
  );
const grpc = (...fields: string[]) =>
  check(
    '  - name: badges',
    '    envoyExtAuthzGrpc:',
    '      service: default/authz.default.svc.cluster.local',
    '      port: 9000',
    ...fields,
  );

describe('meshConfig.extensionProviders', () => {
  test('every field Istio has is known', async () => {
    const body = ['      includeRequestBodyInCheck: {maxRequestBytes: 4096, allowPartialMessage: true, packAsBytes: true}'];
    const both = [
      ...body,
      '      timeout: 0.5s',
      '      failOpen: true',
      '      clearRouteCache: true',
      '      statusOnError: "503"',
    ];
    expect(await grpc(...both)).toEqual([]);
    const lists = [
      'includeRequestHeadersInCheck',
      'includeHeadersInCheck',
      'headersToUpstreamOnAllow',
      'headersToDownstreamOnAllow',
    ];
    const more = [...lists, 'headersToDownstreamOnDeny'].map((name) => `      ${name}: [x-*, "*-id"]`);
    expect(await http(...both, ...more, '      pathPrefix: /check', '      includeAdditionalHeadersInCheck: {x-a: b}')).toEqual(
      [],
    );
  });

  test.each([
    ['a field of the provider', ['  - name: badges', '    envoyExtAuthzHtp: {}'], 7, 5, 'envoyExtAuthzHttp'],
    [
      'a field of the HTTP service',
      ['  - name: b', '    envoyExtAuthzHttp: {service: a, port: 1, failopen: true}'],
      7,
      46,
      'failOpen',
    ],
    [
      'a field of the gRPC service',
      ['  - name: b', '    envoyExtAuthzGrpc: {service: a, port: 1, timeuot: 1s}'],
      7,
      46,
      'timeout',
    ],
    [
      'a field of the body',
      ['  - name: b', '    envoyExtAuthzGrpc: {service: a, port: 1, includeRequestBodyInCheck: {maxRequestByte: 1}}'],
      7,
      74,
      'maxRequestBytes',
    ],
  ])('a typing error in %s is an error with its place and the right name', async (_what, lines, line, column, meant) => {
    const found = (await check(...lines)).find((d) => d.code === 'DD1101');
    expect(found).toMatchObject({ severity: 'error', line, column, suggestion: `Did you mean \`${meant}\`?` });
  });

  test('a header list is no field of a gRPC service: it gets all headers', async () => {
    const found = await grpc('      includeRequestHeadersInCheck: [x-a]');
    expect(found).toMatchObject([{ code: 'DD1101', line: 10, column: 7 }]);
  });

  test.each([
    ['a status nobody can answer with', ['      statusOnError: "418"'], 'statusOnError', 10],
    ['a prefix without slash', ['      pathPrefix: check'], 'pathPrefix', 10],
    ['a lone *', ['      headersToUpstreamOnAllow: ["*"]'], 'headersToUpstreamOnAllow', 10],
    ['no duration', ['      timeout: fast'], 'timeout', 10],
  ])('%s is refused where it stands', async (_what, fields, field, line) => {
    const found = await http(...fields);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ severity: 'error', line });
    expect(found[0]!.path).toContain(field);
  });

  test('a provider is one thing, and says which', async () => {
    expect(await check('  - name: badges')).toMatchObject([{ code: 'DD2001', line: 6 }]);
    const service = '{service: a.b, port: 1}';
    const two = await check('  - name: badges', `    envoyExtAuthzHttp: ${service}`, `    envoyExtAuthzGrpc: ${service}`);
    expect(two).toMatchObject([{ code: 'DD2001', line: 8 }]);
  });

  test('one name twice is refused, with the other place', async () => {
    const one = '    envoyExtAuthzHttp: {service: a.b, port: 1}';
    const found = await check('  - name: badges', one, '  - name: badges', one);
    expect(found).toMatchObject([{ code: 'DD1007', line: 8 }]);
    expect(found[0]!.message).toContain('line 6');
  });

  test('a provider of traces or logs is told to do nothing here', async () => {
    expect(await check('  - name: z', '    zipkin: {service: zipkin.default.svc.cluster.local, port: 9411}')).toMatchObject([
      { code: 'DD4101', severity: 'info', line: 7 },
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { parseText, ResourceSet, validate } from '../index.ts';

const mesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '127.0.0.1:3001'}]}
    - {name: reviews, port: 9080, workloads: [{version: v1, run: node reviews.js}, {version: v2, address: '127.0.0.1:3002'}]}
---
`;
const routes = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}
`;
const head = 'apiVersion: drydock.dev/v1\nkind: Scenario\nmetadata: {name: drill}\nspec:\n';
/** Line 12 is the first of the spec. */
const firstLine = 13;
const load = '  load: [{name: browse, from: {service: web}, for: 10s, rate: 5, requests: [{url: "http://reviews:9080/"}]}]\n';

async function check(spec: string) {
  const { documents, diagnostics } = parseText(mesh + head + spec, 'drill.yaml');
  const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
  const found = [...diagnostics, ...(await validate(set))];
  return found.map(({ code, line, column, message, suggestion }) => ({
    code,
    line: (line ?? 0) - firstLine,
    column,
    message,
    suggestion,
  }));
}

describe('a scenario', () => {
  test('that fits is accepted', async () => {
    const spec = `${load}  faults: [{name: sick, at: 2s, for: 3s, spec: {to: {service: reviews, version: v2}, abort: {httpStatus: 503}}}]
  changes:
    - {name: shift, at: 1s, shift: {service: reviews, weights: {v1: 90, v2: 10}}}
    - {name: gone, at: 1s, stop: reviews-v1-0}
  hypothesis: ['errors < 1%']
  expect:
    - {that: 'p(99.9) <= 400ms', of: {load: browse}, during: {from: 1s, to: 3s}}
    - {event: {type: endpoint.ejected, subject: reviews, after: sick, within: 5s}}
`;
    expect(await check(spec + routes)).toEqual([]);
  });

  test.each([
    ['a condition that is none', `${load}  expect: [{that: 'p(99) under 400ms'}]\n`, 'DD5001', 1, 'not an operator', 'Operators'],
    ['a hypothesis that is none', `${load}  hypothesis: ['error < 1%']\n`, 'DD5001', 1, '`error` is not a metric', 'errors'],
    [
      'a load that is not there',
      `${load}  expect: [{that: 'errors < 1%', of: {load: brows}}]\n`,
      'DD5002',
      1,
      '`brows`',
      'browse',
    ],
    [
      'a fault that is not there',
      `${load}  expect: [{event: {type: endpoint.ejected, after: sick}}]\n`,
      'DD5002',
      1,
      '`sick`',
      '',
    ],
    [
      'an event nobody emits',
      `${load}  expect: [{event: {type: endpont.ejected}}]\n`,
      'DD5006',
      1,
      'endpont',
      'endpoint.ejected',
    ],
    ['a name twice', `${load}${load.replace('  load:', '  load_:')}`, 'DD1101', 1, 'load_', 'load'],
    [
      'a fault after the end',
      `${load}  faults: [{name: x, at: 11s, spec: {to: {service: web}, abort: {reset: true}}}]\n  duration: 10s\n`,
      'DD5003',
      1,
      'after the scenario',
      '',
    ],
    ['an empty window', `${load}  expect: [{that: 'errors < 1%', during: {from: 5s, to: 5s}}]\n`, 'DD5003', 1, 'empty', ''],
    ['a window after the end', `${load}  expect: [{that: 'errors < 1%', during: {to: 20s}}]\n`, 'DD5003', 1, '20 s', ''],
    ['nothing to do', '  description: x\n', 'DD5003', -1, '0 s', ''],
    ['too many requests', load.replace('rate: 5', 'rate: 5000').replace('10s', '1000s'), 'DD5004', 0, '5000000', 'Lower'],
    ['a load of nothing', load.replace('rate: 5', 'rate: {from: 0, to: 0}'), 'DD5004', 0, 'sends nothing', ''],
    ['a header of its own', load.replace('9080/"', '9080/", headers: {Host: x}'), 'DD1104', 0, 'set by the load', ''],
    ['a header that is none', load.replace('9080/"', '9080/", headers: {"a b": x}'), 'DD1104', 0, 'valid HTTP token', ''],
    ['a url with letters of its own', load.replace('9080/"', '9080/é"'), 'DD1104', 0, 'ASCII', ''],
    ['a method that is none', load.replace('9080/"', '9080/", method: "GET /"'), 'DD1104', 0, 'not a method', ''],
    ['a caller that is not there', load.replace('service: web', 'service: wep'), 'DD5005', 0, 'default/wep', 'web'],
    [
      'a fault at nobody',
      `${load}  faults: [{name: x, spec: {to: {service: review}, abort: {reset: true}}}]\n`,
      'DD5005',
      1,
      'default/review',
      'reviews',
    ],
    [
      'a fault that does nothing',
      `${load}  faults: [{name: x, spec: {to: {service: web}}}]\n`,
      'DD2001',
      1,
      'does something',
      '',
    ],
    [
      'a workload somebody else runs',
      `${load}  changes: [{name: x, at: 1s, stop: reviews-v2-1}]\n`,
      'DD5005',
      1,
      'does not run',
      '',
    ],
    [
      'nothing to delete',
      `${load}  changes: [{name: x, at: 1s, delete: [{kind: VirtualService, name: x}]}]\n`,
      'DD5005',
      1,
      'to delete',
      '',
    ],
    [
      'a wrong resource to apply',
      `${load}  changes:\n    - name: x\n      at: 1s\n      apply:\n        - apiVersion: networking.istio.io/v1\n          kind: VirtualService\n          metadata: {name: x}\n          spec: {hosts: [reviews], http: [{rout: []}]}\n`,
      ...(['DD1101', 8, 'rout', 'route'] as const),
    ],
  ])('with %s is refused where it stands', async (_what, spec, code, line, message, suggestion) => {
    const found = await check(spec);
    expect(found[0]).toMatchObject({ code, line, message: expect.stringContaining(message) });
    expect(found[0]?.suggestion ?? '').toContain(suggestion);
    expect(found[0]?.column).toBeGreaterThan(0);
  });

  test('may name services that one of its changes brings', async () => {
    const apply =
      '{apiVersion: drydock.dev/v1, kind: Mesh, metadata: {name: more}, spec: {services: [{name: late, port: 9080}]}}';
    const change = `  changes: [{name: more, at: 1s, apply: [${apply}]}]\n`;
    const fault = '  faults: [{name: x, at: 2s, spec: {to: {service: late}, abort: {reset: true}}}]\n';
    expect(await check(load + change + fault)).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import { parseText } from './parse.ts';
import { ResourceSet } from './resource-set.ts';

const fault = (name: string, percentage: number) =>
  `apiVersion: drydock.dev/v1\nkind: Fault\nmetadata: {name: ${name}}\nspec: {to: {service: a}, percentage: ${percentage}, abort: {reset: true}}\n`;
const documents = (text: string, file = 'a.yaml') => parseText(text, file).documents;
const live = (now: number) => ({ live: true, now });

test('a change keeps the age of an object and says what happened to it', () => {
  const first = ResourceSet.empty.apply(documents(`${fault('x', 1)}---\n${fault('y', 1)}`), live(10));
  const second = first.set.apply(documents(`${fault('x', 2)}---\n${fault('y', 1)}---\n${fault('z', 1)}`), live(20));
  expect(second.applied.map((a) => [a.name, a.status])).toEqual([
    ['x', 'configured'],
    ['y', 'unchanged'],
    ['z', 'created'],
  ]);
  expect(second.set.list().map((e) => [e.resource.name, e.createdAt, e.changedAt])).toEqual([
    ['x', 10, 20],
    ['y', 10, 10],
    ['z', 20, 20],
  ]);
  expect(first.set.size).toBe(2);
});

test('the mesh gives its namespace to resources that name none', () => {
  const mesh = 'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec: {namespace: shop}\n';
  const { set } = ResourceSet.empty.apply(documents(`${fault('x', 1)}---\n${mesh}`), live(0));
  expect(set.get('Fault', 'shop', 'x')).not.toBeNull();
  expect(set.apply(documents(fault('y', 1)), live(0)).set.get('Fault', 'shop', 'y')).not.toBeNull();
});

test('the same object twice names both places and changes nothing', () => {
  const change = ResourceSet.empty.apply([...documents(fault('x', 1)), ...documents(`\n${fault('x', 2)}`, 'b.yaml')], live(0));
  expect(change.set.size).toBe(0);
  expect(change.diagnostics).toMatchObject([{ code: 'DD1007', file: 'b.yaml', line: 4, resource: 'Fault/default/x' }]);
  expect(change.diagnostics[0]!.message).toContain('a.yaml:3');
});

test('files replace what files said; live resources stay', () => {
  const files = ResourceSet.empty.replaceFiles(documents(`${fault('x', 1)}---\n${fault('y', 1)}`), { now: 1 });
  const mixed = files.set.apply(documents(fault('live', 1)), live(2));
  const again = mixed.set.replaceFiles(documents(fault('y', 1)), { now: 3 });
  expect(again.set.list().map((e) => e.resource.name)).toEqual(['y', 'live']);
  expect(again.applied.map((a) => [a.name, a.status])).toEqual([
    ['y', 'unchanged'],
    ['x', 'deleted'],
  ]);
});

test('removing returns what was there', () => {
  const { set } = ResourceSet.empty.apply(documents(fault('x', 1)), live(0));
  const gone = set.remove('Fault', 'default', 'x');
  expect(gone.removed?.resource.name).toBe('x');
  expect(gone.set.size).toBe(0);
  expect(gone.set.remove('Fault', 'default', 'x').removed).toBeNull();
});

test('two groups may use one kind name', () => {
  const istio = 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec: {}\n';
  const k8s = 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec: {}\n';
  const { set } = ResourceSet.empty.apply(documents(`${istio}---\n${k8s}`), live(0));
  expect(set.ofGroup('Gateway', 'networking.istio.io')).toHaveLength(1);
  expect(set.list('Gateway')).toHaveLength(2);
});

test('creation timestamps of exported objects decide age', () => {
  const dated = (name: string, date: string) => fault(name, 1).replace('}', `, creationTimestamp: "${date}"}`);
  const { set } = ResourceSet.empty.apply(
    documents(`${dated('new', '2026-02-01T00:00:00Z')}---\n${dated('old', '2026-01-01T00:00:00Z')}`),
    live(0),
  );
  expect(set.list('Fault').map((e) => e.resource.name)).toEqual(['old', 'new']);
});

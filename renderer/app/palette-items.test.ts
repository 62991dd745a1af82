import { expect, test } from 'vitest';
import type { GraphNode, TraceSummary } from '../../proxy/api/observability.schema.ts';
import type { Command } from '../commands/command.ts';
import { withKeys } from './help.tsx';
import { matchesWords, paletteGroups, pastedTrace } from './palette-items.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const node = { id: 'shop/orders', name: 'orders', kind: 'service' } as GraphNode;
const trace = { traceId, rootName: 'GET /cart', durationMs: 88, errors: 2, services: ['orders', 'pay'] } as TraceSummary;
const command = (id: string, keys: string | undefined, now = true): Command => ({
  ...{ id, title: id, group: 'App', run: () => undefined, when: () => now },
  ...(keys ? { keys } : {}),
});

/** Where running an item would lead. */
function placeOf(item: Command | undefined): unknown[] {
  const visited: unknown[] = [];
  const router = { navigate: (...to: unknown[]) => visited.push(...to) };
  void item?.run({ router } as never);
  return visited;
}

test('services, routes, other objects, traces and edges are found by what people call them, and lead there', () => {
  const groups = paletteGroups([command('pause', 'p')], {
    graph: {
      nodes: [node, { ...node, id: 'outside', kind: 'outside' }],
      edges: [{ id: 'e', from: 'shop/web', to: 'shop/orders' }] as never,
    },
    resources: [
      { kind: 'VirtualService', namespace: 'shop', name: 'canary', spec: { hosts: ['orders.shop.internal'] } },
      { kind: 'DestinationRule', namespace: 'shop', name: 'pool', spec: {} },
    ],
    traces: [trace],
  });
  const find = (query: string) =>
    groups.flatMap(({ value, items }) =>
      items.filter((item) => matchesWords(item, query)).map((item) => [value, ...placeOf(item)]),
    );
  expect(groups.map(({ value }) => value)).toEqual([
    ...['App', 'Services', 'Routes', 'Other objects', 'Requests to', 'Requests between', 'Traces'],
  ]);
  expect(find('service shop/orders')).toEqual([['Services', 'service', { name: 'shop/orders' }]]);
  expect(find('orders.shop.internal')).toEqual([['Routes', 'config', { object: 'VirtualService/shop/canary' }]]);
  expect(find('destinationrule pool')).toEqual([['Other objects', 'config', { object: 'DestinationRule/shop/pool' }]]);
  expect(find('trace /cart')).toEqual([['Traces', `traces/${traceId}`, {}]]);
  expect(find('between web')).toEqual([['Requests between', 'requests', { filter: 'src:web dest:orders' }]]);
});

test('a pasted trace id opens its trace, anything else is searched for', () => {
  expect(placeOf(pastedTrace(` ${traceId.toUpperCase()} `)?.items[0])).toEqual([`traces/${traceId}`, {}]);
  for (const query of ['', 'cafe', `${traceId}0`, 'g'.repeat(32)]) expect(pastedTrace(query)).toBeNull();
});

test('the help names for each key the command that it runs', () => {
  const commands = [
    command('old', 'c'),
    command('new', 'c'),
    command('away', 'c', false),
    command('sleeping', 'x', false),
    command('none', undefined),
  ];
  const now = ({ when }: Command) => when?.({} as never) ?? true;
  expect(withKeys(commands, now).map(({ id }) => id)).toEqual(['new', 'sleeping']);
});

import { expect, test } from 'vitest';
import type { Condition } from './diagnostic.schema.ts';
import { unmetConditions } from './unmet-conditions.ts';

const condition = (type: string, status: string): Condition => ({ type, status, reason: 'R', message: 'm' });
const parentRef = { kind: 'Gateway', namespace: 'default', name: 'edge', sectionName: 'http' };

test('what is not met, and of which part; Conflicted is well when False', () => {
  const found = unmetConditions({
    conditions: [condition('Accepted', 'True'), condition('Programmed', 'False')],
    listeners: [
      { name: 'a', attachedRoutes: 0, conditions: [condition('Conflicted', 'True')] },
      { name: 'b', attachedRoutes: 0, conditions: [condition('Conflicted', 'False'), condition('Accepted', 'True')] },
    ],
    parents: [{ parentRef, conditions: [condition('ResolvedRefs', 'False')] }],
    ancestors: [
      { ancestorRef: { kind: 'Service', namespace: 'default', name: 's' }, conditions: [condition('Accepted', 'False')] },
    ],
  });
  expect(found.map(({ about, type }) => `${about}: ${type}`)).toEqual([
    ': Programmed',
    'listener a: Conflicted',
    'Gateway default/edge http: ResolvedRefs',
    'Service default/s: Accepted',
  ]);
  expect(unmetConditions({})).toEqual([]);
});

import { expect, test } from 'vitest';
import { faultRequestSchema } from '../../proxy/api/fault.schema.ts';
import { scenarioSchema } from '../../proxy/api/scenario.schema.ts';
import { firstSteps } from '../app/first-steps.ts';
import { hasDemo } from './demo.ts';
import { commandOfStep, firstStepCommands } from './first-step-commands.ts';
import { busiestCandidate, sickCandidate, sickInstance } from './sick-instance.ts';
import { trafficScenario } from './test-traffic.ts';

const workload = (id: string, service: string, version = 'v1') => ({ id, service, namespace: 'default', version });
const workloads = [
  workload('pay-v1-0', 'pay'),
  workload('pay-v1-1', 'pay'),
  workload('web-v1-0', 'web'),
  workload('web-v2-1', 'web', 'v2'),
];

test('an instance is made sick only where the callers have another one of its version', () => {
  expect(sickCandidate(workloads, 'pay', 'default')?.id).toBe('pay-v1-1');
  expect(sickCandidate(workloads, 'web', 'default')).toBeNull();
  expect(sickCandidate(workloads, 'pay', 'other')).toBeNull();
  const node = (name: string, rate: number) => ({ kind: 'service', name, namespace: 'default', rate }) as never;
  const graph = { nodes: [node('pay', 2), node('web', 9)], edges: [] } as never;
  expect(busiestCandidate({ workloads } as never, graph)?.id).toBe('pay-v1-1');
  expect(busiestCandidate(null, null)).toBeNull();
});

test('what the commands send is what the engine takes', () => {
  expect(faultRequestSchema.parse(sickInstance(workload('pay-v1-1', 'pay'))).spec).toMatchObject({
    to: { workload: 'pay-v1-1' },
    expires: '30s',
    side: 'server',
  });
  expect(scenarioSchema.parse(JSON.parse(trafficScenario('web'))).spec.load).toMatchObject([
    { rate: 20, requests: [{ url: 'http://web.localhost/' }] },
  ]);
});

test('the demo is known by its services', () => {
  const services = ['customers', 'storefront', 'payments', 'ledger', 'mine'].map((name) => ({ name }) as never);
  expect(hasDemo({ services })).toBe(true);
  expect(hasDemo({ services: services.slice(1) })).toBe(false);
  expect(hasDemo(null)).toBe(false);
});

test('every step of the first five minutes is in the palette, once', () => {
  for (const { id } of firstSteps)
    expect(
      [commandOfStep(id) !== null, firstStepCommands.some((command) => command.id === `steps.${id}`)].filter(Boolean),
    ).toHaveLength(1);
});

import { HeartPulse } from 'lucide-react';
import type { FaultRequest } from '../../proxy/api/fault.schema.ts';
import type { Graph } from '../../proxy/api/observability.schema.ts';
import type { Status } from '../../proxy/api/status.schema.ts';
import type { Command } from './command.ts';

/** How long an instance stays sick: long enough to be ejected, short enough to watch it come back. */
export const sickFor = '30s';

type Workload = Pick<Status['workloads'][number], 'id' | 'service' | 'namespace' | 'version'>;

/** An instance whose service has another one of the same version: the callers have somewhere else to go. */
export function sickCandidate(workloads: readonly Workload[], service: string, namespace: string): Workload | null {
  const own = workloads.filter((one) => one.service === service && one.namespace === namespace);
  return own.toReversed().find(({ id, version }) => own.some((one) => one.id !== id && one.version === version)) ?? null;
}

/** Every answer of this one instance is a 503, made on its own side: retries and ejection react to it. */
export function sickInstance({ id, service, namespace }: Workload): FaultRequest {
  return {
    name: `sick-${id}`.slice(0, 63),
    namespace,
    spec: {
      to: { service, namespace, workload: id },
      side: 'server',
      percentage: 100,
      per: 'request',
      enabled: true,
      abort: { httpStatus: 503 },
      expires: sickFor,
    },
  };
}

/** Of the services with two instances of a version, the one that is called most. */
export function busiestCandidate(status: Pick<Status, 'workloads'> | null, graph: Graph | null): Workload | null {
  const nodes = [...(graph?.nodes ?? [])].sort((a, b) => b.rate - a.rate);
  for (const { name, namespace, kind } of nodes) {
    const found = kind === 'service' ? sickCandidate(status?.workloads ?? [], name, namespace) : null;
    if (found) return found;
  }
  return null;
}

export const makeInstanceSick: Command = {
  id: 'faults.sick-instance',
  title: `Make one instance sick: 503 for ${sickFor.replace('s', ' s')}`,
  group: 'Mesh',
  icon: HeartPulse,
  keywords: 'fault break host ejection half dead payments outlier',
  when: ({ engine }) => busiestCandidate(engine.status.get(), engine.graph.get()) !== null,
  run: async ({ engine, router, toasts }) => {
    const instance = busiestCandidate(engine.status.get(), engine.graph.get());
    if (!instance) return;
    await engine.call('addFault', { body: sickInstance(instance) });
    await engine.refreshFaults();
    toasts.ok(`${instance.id} answers 503 for 30 s`, 'Watch its callers eject it, and take it back by timer.');
    router.navigate('service', { name: `${instance.namespace}/${instance.service}` });
  },
};

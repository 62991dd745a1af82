import type { Random } from '../../clock.ts';
import type { ClusterSnapshot } from '../../snapshot.ts';
import type { Host } from '../host.ts';
import { LeastRequestBalancer } from './least-request.ts';
import { MaglevBalancer } from './maglev.ts';
import { RandomBalancer } from './random.ts';
import { RingHashBalancer } from './ring-hash.ts';
import { RoundRobinBalancer } from './round-robin.ts';
import { WarmUp } from './warm-up.ts';
import type { Hash64 } from './xxhash64.ts';

/** Picks among the hosts it was built for: one priority level, one locality, the healthy ones (or all, in panic). Rebuilt when they change. */
export interface Balancer {
  /** `hash` is the consistent-hash key, null when the request has none; `redraw` counts rejected picks of this attempt. */
  pick(hash: Hash64 | null, redraw: number): Host | null;
}

/** What survives a rebuild of the balancers of one cluster. */
export class BalancerMemory {
  readonly roundRobinIndex = new Map<string, number>();
}

export interface BalancerInputs {
  random: Random;
  now: () => number;
  memory: BalancerMemory;
  /** Names the group of hosts within the cluster, for the memory. */
  group: string;
}

export function createBalancer(hosts: readonly Host[], cluster: ClusterSnapshot, inputs: BalancerInputs): Balancer {
  const { loadBalancer } = cluster;
  switch (loadBalancer.kind) {
    case 'least-request':
      return new LeastRequestBalancer(hosts, loadBalancer.choices, new WarmUp(cluster.warmup, inputs.now), inputs.random);
    case 'round-robin':
      return new RoundRobinBalancer(hosts, new WarmUp(cluster.warmup, inputs.now), inputs);
    // Without transparent interception there is no original destination among a service's endpoints: what kube-proxy would do.
    case 'passthrough':
    case 'random':
      return new RandomBalancer(hosts, inputs.random);
    case 'consistent-hash':
      return loadBalancer.algorithm === 'maglev'
        ? new MaglevBalancer(hosts, loadBalancer.tableSize, inputs.random)
        : new RingHashBalancer(hosts, loadBalancer.minimumRingSize, inputs.random);
  }
}

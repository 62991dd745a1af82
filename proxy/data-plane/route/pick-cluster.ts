import type { Random } from '../clock.ts';
import type { ForwardAction } from '../snapshot.ts';

export interface ClusterPick {
  /** Index into action.clusters; -1 when there is none to pick. */
  index: number;
  /** The draw, 0 ≤ draw < total weight; null when there was no choice. */
  draw: number | null;
}

/** Weighted choice, rolled per request and never sticky: random mod total weight. A single destination's weight is ignored. */
export function pickCluster(action: ForwardAction, random: Random): ClusterPick {
  const { clusters } = action;
  if (clusters.length === 1) return { index: 0, draw: null };
  const total = clusters.reduce((sum, cluster) => sum + cluster.weight, 0);
  if (clusters.length === 0 || total <= 0) return { index: -1, draw: null };
  const draw = Math.floor(random() * total);
  let end = 0;
  for (let index = 0; index < clusters.length; index += 1) {
    end += clusters[index]!.weight;
    if (draw < end) return { index, draw };
  }
  return { index: clusters.length - 1, draw };
}

import type { ScenarioRun } from '../api/scenario.schema.ts';
import { formatMeasured, type MetricUnit } from '../shared/condition.ts';
import type { LoadFigures } from './load-tally.ts';

type Baseline = NonNullable<ScenarioRun['baseline']>;

/** What differs from an earlier run, load by load: latency, errors, retries. */
export function compareWithBaseline(before: ScenarioRun, now: readonly LoadFigures[]): Baseline {
  const differences: Baseline['differences'] = [];
  for (const load of now) {
    const earlier = before.load.find(({ name }) => name === load.name);
    if (!earlier) continue;
    const add = (what: string, unit: MetricUnit, old: number | null, fresh: number | null) => {
      const [then, today] = [old, fresh].map((value) => (value === null ? '–' : formatMeasured(value, unit))) as [string, string];
      if (then === today) return;
      const delta = old === null || fresh === null ? '' : formatDelta(fresh - old, unit);
      differences.push({ what: `${load.name} ${what}`, before: then, now: today, delta });
    };
    for (const at of ['p50', 'p95', 'p99'] as const) add(at, 'ms', earlier.response?.[at] ?? null, load.response?.[at] ?? null);
    add('errors', 'share', errors(earlier), errors(load));
    add('retries per request', 'number', earlier.retries ?? 0, load.retries ?? 0);
    add('dropped', 'number', earlier.dropped, load.dropped);
  }
  return { id: before.id, number: before.number, differences };
}

/** `+180 ms`, `-1.5 points` of a share, which is itself told in percent. */
function formatDelta(change: number, unit: MetricUnit): string {
  const size = formatMeasured(Math.abs(change), unit);
  return `${change < 0 ? '−' : '+'}${unit === 'share' ? size.replace('%', 'points') : size}`;
}

function errors({ sent, failed }: LoadFigures): number | null {
  return sent === 0 ? null : failed / sent;
}

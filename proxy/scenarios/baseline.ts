import type { ScenarioRun } from '../api/scenario.schema.ts';
import { formatMeasured } from '../shared/condition.ts';
import type { LoadFigures } from './load-tally.ts';

type Baseline = NonNullable<ScenarioRun['baseline']>;

/** What differs from an earlier run, load by load: latency, errors, retries. */
export function compareWithBaseline(before: ScenarioRun, now: readonly LoadFigures[]): Baseline {
  const differences: Baseline['differences'] = [];
  for (const load of now) {
    const earlier = before.load.find(({ name }) => name === load.name);
    if (!earlier) continue;
    const add = (what: string, old: string, fresh: string) => {
      if (old !== fresh) differences.push({ what: `${load.name} ${what}`, before: old, now: fresh });
    };
    for (const at of ['p50', 'p95', 'p99'] as const) add(at, latency(earlier, at), latency(load, at));
    add('errors', errors(earlier), errors(load));
    add('retries per request', formatMeasured(earlier.retries ?? 0, 'number'), formatMeasured(load.retries ?? 0, 'number'));
    add('dropped', String(earlier.dropped), String(load.dropped));
  }
  return { id: before.id, number: before.number, differences };
}

function latency({ response }: LoadFigures, at: 'p50' | 'p95' | 'p99'): string {
  return response === null ? '–' : formatMeasured(response[at], 'ms');
}

function errors({ sent, failed }: LoadFigures): string {
  return sent === 0 ? '–' : formatMeasured(failed / sent, 'share');
}

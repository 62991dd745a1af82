import type { Exchange } from '../api/exchange.schema.ts';
import { scenarioExpectationSchema } from '../api/scenario.schema.ts';
import { ConditionWatch } from './condition-watch.ts';
import type { LoadAssignment, LoadDriver } from './loads.ts';
import type { PlannedLoad } from './timeline.ts';
import { readMark } from './trace-mark.ts';

const probesPerLoad = 10;
const gapMs = 20;

export interface Probes {
  /** '' when everything holds, else what does not. */
  outcome: Promise<string>;
  takeHop(exchange: Exchange): void;
  close(): void;
}

/** Sends a few of each load's requests and holds the hypothesis against what comes back. Nothing of it counts in the run. */
export function probeMesh(options: {
  assignments: readonly LoadAssignment[];
  hypothesis: readonly string[];
  driver: LoadDriver;
  mark: string;
  flush: () => Promise<void>;
}): Probes {
  const { hypothesis, driver, mark, flush } = options;
  const assignments = options.assignments.map((assignment) => ({ ...assignment, planned: probePlan(assignment.planned) }));
  const loads = assignments.map(({ planned }) => planned);
  const durationMs = Math.max(0, ...loads.map(({ forMs }) => forMs));
  const watches = hypothesis.map((that) => {
    const expectation = { ...scenarioExpectationSchema.parse({ that }), that };
    return new ConditionWatch({ expectation, loads, durationMs, mark });
  });
  let left = loads.reduce((sum, { starts }) => sum + starts.length, 0);
  let allBack: (problem: string) => void = () => {};
  const back = new Promise<string>((resolve) => {
    allBack = resolve;
  });
  if (left === 0) allBack('');
  const running = driver.start(assignments, mark, {
    onResult: (result) => {
      for (const watch of watches) watch.takeResult(result);
      if (--left === 0) allBack('');
    },
    onDropped: (load, number) => {
      for (const watch of watches) watch.takeDropped(load, number);
      if (--left === 0) allBack('');
    },
    onFailed: allBack,
  });
  const outcome = back.then(async (problem) => {
    if (problem !== '') return problem;
    await flush();
    for (const watch of watches) watch.evaluate(durationMs, true);
    const unmet = watches.filter((watch) => watch.outcome.state !== 'passed');
    return unmet.map(({ outcome: { text, actual } }) => `${text} does not hold (${actual})`).join('; ');
  });
  return {
    outcome,
    takeHop: (exchange) => {
      const marked = readMark(mark, exchange);
      if (marked) for (const watch of watches) watch.takeHop({ exchange, ...marked });
    },
    close: () => running.close(),
  };
}

/** Each of the load's requests in turn. */
function probePlan({ load, timeoutMs }: PlannedLoad): PlannedLoad {
  const count = Math.max(probesPerLoad, load.requests.length);
  const starts = Float64Array.from({ length: count }, (_, i) => i * gapMs);
  const picks = Uint16Array.from({ length: count }, (_, i) => i % load.requests.length);
  return { load, atMs: 0, forMs: count * gapMs, timeoutMs, starts, picks };
}

import type { ScenarioRun } from '../../api/scenario.schema.ts';
import { milliseconds, type Output } from '../output.ts';

type Outcome = ScenarioRun['expectations'][number];
type Style = Parameters<Output['style']>[0];

/** A glyph, a word and a colour for each state: never colour alone. */
export const marks: Readonly<Record<Outcome['state'] | ScenarioRun['state'], { glyph: string; word: string; style: Style }>> = {
  waiting: { glyph: '·', word: 'waiting', style: 'dim' },
  running: { glyph: '▶', word: 'running', style: 'cyan' },
  passed: { glyph: '✓', word: 'passed', style: 'green' },
  failed: { glyph: '✗', word: 'failed', style: 'red' },
  no_data: { glyph: '?', word: 'no data', style: 'red' },
  cancelled: { glyph: '■', word: 'cancelled', style: 'yellow' },
  error: { glyph: '!', word: 'error', style: 'red' },
};

export function mark(out: Output, state: keyof typeof marks): string {
  const { glyph, word, style } = marks[state];
  return out.style(style, `${glyph} ${word.padEnd(9)}`);
}

/** `4 of 5 met` */
export function shortOutcome({ expectations }: ScenarioRun): string {
  const met = expectations.filter(({ state }) => state === 'passed').length;
  return expectations.length === 0 ? 'none' : `${met} of ${expectations.length} met`;
}

/** The whole outcome: loads, expectations, what differs from the baseline. */
export function printRun(out: Output, run: ScenarioRun): void {
  out.line(`${mark(out, run.state)} ${out.style('bold', `${run.scenario} #${run.number}`)}  ${run.message}`);
  out.line(`  seed ${run.seed}, ${(run.elapsedMs / 1000).toFixed(1)} s, run ${run.id}`);
  for (const track of run.tracks.filter(({ kind }) => kind !== 'load')) {
    out.line(`  ${`${(track.startMs / 1000).toFixed(1)} s`.padStart(7)}  ${track.kind.padEnd(6)} ${track.name}: ${track.label}`);
  }
  printLoads(out, run);
  printExpectations(out, run);
  if (!run.valid) out.line(out.style('yellow', '  Requests left more than 5 ms late: this run says nothing about latency.'));
  if (run.baseline && run.baseline.differences.length > 0) {
    out.line(`  Against #${run.baseline.number}, the last that passed:`);
    for (const { what, before, now } of run.baseline.differences) out.line(`    ${what}: ${before} → ${now}`);
  }
  const problems = run.journal.filter(({ kind }) => kind === 'problem');
  for (const { message } of problems) out.line(out.style('yellow', `  ${message}`));
}

function printLoads(out: Output, { load }: ScenarioRun): void {
  if (load.length === 0) return;
  const time = (ms: number | undefined) => (ms === undefined ? '–' : milliseconds(ms));
  const rows = load.map((one) => [
    ...[one.name, `${one.sent}/${one.intended}`, String(one.dropped), String(one.failed), `${one.rate}/s`],
    ...[time(one.response?.p50), time(one.response?.p95), time(one.response?.p99), time(one.response?.max), time(one.lagP99Ms)],
  ]);
  out.table(['LOAD', 'SENT', 'DROPPED', 'FAILED', 'RATE', 'P50', 'P95', 'P99', 'MAX', 'LAG P99'], rows);
}

function printExpectations(out: Output, { expectations, state }: ScenarioRun): void {
  const isBroken = state === 'error' || state === 'cancelled';
  for (const outcome of expectations) {
    const name = outcome.name === outcome.text ? outcome.text : `${outcome.name}: ${outcome.text}`;
    out.line(`  ${mark(out, outcome.state)} ${name}  ${out.style('dim', outcome.actual)}`);
    // Why nothing was measured is told once, at the top.
    if (outcome.state === 'passed' || (isBroken && outcome.state === 'no_data')) continue;
    if (outcome.message) out.line(`              ${outcome.message}`);
    if (outcome.traceIds.length > 0) out.line(`              drydock trace show ${outcome.traceIds[0]}`);
  }
}

import type { Difference, EndpointResult, Replay } from '../../api/replay.schema.ts';
import { milliseconds, type Output } from '../output.ts';

const maxDifferences = 10;
const colours = { same: 'green', different: 'yellow', failed: 'red', unproven: 'cyan' } as const;
const marks = { same: '✓', different: '≠', failed: '✖', unproven: '?' } as const;

/** What came of a replay: a line per endpoint, then the first differences, then what else there is to know. */
export function printReplay(out: Output, replay: Replay): void {
  const { recordingName, sent, total, same, different, failed } = replay;
  const of = sent === total ? `${sent}` : `${sent} of ${total}`;
  if (replay.problem) out.line(out.style('red', replay.problem));
  out.line(`${recordingName}: ${of} sent, ${same} the same, ${different} different, ${failed} failed`);
  if (replay.endpoints !== undefined && replay.endpoints.length > 0) {
    out.line();
    out.table(
      ['', 'ENDPOINT', 'SERVICE', 'CALLS', 'SAME', 'DIFFERENT', 'FAILED', 'P50 THEN', 'NOW', 'LATENCY'],
      replay.endpoints.map((endpoint) => endpointRow(out, endpoint)),
    );
  }
  printGraph(out, replay);
  printDifferences(out, replay);
  for (const { text, calls } of replay.notes ?? []) out.line(out.style('dim', `${calls} × ${text}`));
  for (const { name, captured, used, problem } of replay.variables ?? []) {
    out.line(
      out.style(
        'dim',
        `variable ${name}: taken ${captured} times, used in ${used} requests${problem === '' ? '' : `; ${problem}`}`,
      ),
    );
  }
  if (replay.lag && replay.pace === 'original') {
    const { p50, p99, held = 0 } = replay.lag;
    const waited = held === 0 ? '' : `; ${held} waited for an answer before them`;
    out.line(out.style('dim', `starts off the schedule: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms${waited}`));
  }
}

function endpointRow(
  out: Output,
  { endpoint, destination, calls, same, different, failed, verdict, latency }: EndpointResult,
): string[] {
  return [
    out.style(colours[verdict], marks[verdict]),
    endpoint,
    destination,
    ...[calls, same, different, failed].map(String),
    latency === null ? '' : milliseconds(latency.recorded.p50),
    latency === null ? '' : milliseconds(latency.replayed.p50),
    latency === null ? '' : latencyWords(latency),
  ];
}

function latencyWords({ verdict, p, effect }: NonNullable<EndpointResult['latency']>): string {
  if (verdict === 'same') return 'same';
  const chance = p === null ? 'too few calls' : `p ${p < 0.001 ? '< 0.001' : p.toFixed(3)}`;
  return `${verdict} (${chance}, δ ${effect.toFixed(2)})`;
}

function printGraph(out: Output, { graph }: Replay): void {
  const changed = (graph ?? []).filter(
    (edge) => edge.recordedCalls !== edge.replayedCalls || edge.recordedAttempts !== edge.replayedAttempts,
  );
  if (changed.length === 0) return;
  out.line();
  out.table(
    ['CALLS', 'THEN', 'NOW', 'ATTEMPTS THEN', 'NOW'],
    changed.map((edge) => [
      `${edge.source} → ${edge.destination}`,
      ...[edge.recordedCalls, edge.replayedCalls, edge.recordedAttempts, edge.replayedAttempts].map(String),
    ]),
  );
}

function printDifferences(out: Output, { differences, different }: Replay): void {
  if (differences.length > 0) out.line();
  for (const difference of differences.slice(0, maxDifferences)) printDifference(out, difference);
  if (different > maxDifferences)
    out.line(
      out.style('dim', `… and ${different - Math.min(maxDifferences, differences.length)} more that differ (--json has them)`),
    );
}

function printDifference(out: Output, { method, path, recorded, replayed, fields }: Difference): void {
  out.line(`  ${method} ${path}  ${recorded.status} → ${replayed.status || '–'}  ${replayed.error}`.trimEnd());
  for (const field of fields) {
    const [before, after] = [field.recorded || '(absent)', field.replayed || '(absent)'];
    out.line(`    ${field.path}: ${out.style('red', before)} → ${out.style('green', after)}`);
  }
}

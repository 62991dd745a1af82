import type { RunEdge, RunSummary } from '../../api/runs.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, UsageError } from '../command.ts';
import { milliseconds } from '../output.ts';

export const command: Command = {
  usage: 'runs [ls] | runs compare [BEFORE] [AFTER]',
  summary: 'The last ten runs of the mesh; one held against another, by number (previous against current unless told).',
  options: {},
  async run({ positionals, json, out, home }) {
    const [action = 'ls', before = 'previous', after = 'current'] = positionals;
    const engine = await EngineClient.open(home);
    if (action === 'ls') {
      const { runs } = await engine.call('listRuns', {});
      if (json) out.json({ runs });
      else {
        out.table(['NO', 'RUN', 'MESH', 'LASTED', 'REQUESTS', 'ERRORS', 'P95', 'ENDED'], runs.map(rowOf));
      }
      return 0;
    }
    if (action !== 'compare') throw new UsageError('say ls or compare');
    const comparison = await engine.call('compareRuns', { params: { id: before }, query: { with: after } });
    if (json) out.json(comparison);
    else {
      out.line(`${nameOf(comparison.before)} → ${nameOf(comparison.after)}`);
      const rows = comparison.edges.map(({ id, before: one, after: two }) => [
        id.replaceAll('default/', ''),
        pair(one, two, (edge) => String(edge.count)),
        pair(one, two, (edge) => `${edge.rate.toFixed(1)}/s`),
        pair(one, two, (edge) => `${(100 * edge.errorShare).toFixed(1)} %`),
        pair(one, two, (edge) => (edge.p50 === null ? '–' : milliseconds(edge.p50))),
        pair(one, two, (edge) => (edge.p99 === null ? '–' : milliseconds(edge.p99))),
      ]);
      out.table(['EDGE', 'REQUESTS', 'RATE', 'ERRORS', 'P50', 'P99'], rows);
    }
    return 0;
  },
};

function rowOf(run: RunSummary): string[] {
  const { number, id, mesh, durationMs, requests, errors, total } = run;
  const p95 = total?.p95 ?? null;
  return [
    ...[String(number ?? ''), id, mesh, durationMs === undefined ? '–' : span(durationMs), String(requests), String(errors)],
    ...[p95 === null ? '–' : milliseconds(p95), endOf(run)],
  ];
}

/** `2026-11-21T10:00:00.000Z`, `now`, with a word where the times mislead. */
function endOf({ endedAt, cutShort, clockMovedMs }: RunSummary): string {
  const notes = [cutShort ? 'cut short' : '', clockMovedMs === undefined ? '' : 'the clock moved'].filter((note) => note !== '');
  return `${endedAt ?? 'now'}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

const nameOf = ({ number, id, mesh }: RunSummary): string => `${number === undefined ? '' : `${number} `}${mesh} ${id}`;

/** `1:02:03` */
function span(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

const pair = (before: RunEdge | null, after: RunEdge | null, read: (edge: RunEdge) => string): string =>
  `${before === null ? '–' : read(before)} → ${after === null ? '–' : read(after)}`;

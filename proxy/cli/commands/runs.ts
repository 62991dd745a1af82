import type { RunEdge } from '../../api/runs.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, UsageError } from '../command.ts';
import { milliseconds } from '../output.ts';

export const command: Command = {
  usage: 'runs [ls] | runs compare [BEFORE] [AFTER]',
  summary: 'The last ten runs of the mesh; one held against another (previous against current unless told).',
  options: {},
  async run({ positionals, json, out, home }) {
    const [action = 'ls', before = 'previous', after = 'current'] = positionals;
    const engine = await EngineClient.open(home);
    if (action === 'ls') {
      const { runs } = await engine.call('listRuns', {});
      if (json) out.json({ runs });
      else {
        const rows = runs.map((run) => [run.id, run.mesh, run.endedAt ?? 'now', String(run.requests), String(run.errors)]);
        out.table(['RUN', 'MESH', 'ENDED', 'REQUESTS', 'ERRORS'], rows);
      }
      return 0;
    }
    if (action !== 'compare') throw new UsageError('say ls or compare');
    const comparison = await engine.call('compareRuns', { params: { id: before }, query: { with: after } });
    if (json) out.json(comparison);
    else {
      out.line(`${comparison.before.id} → ${comparison.after.id}`);
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

const pair = (before: RunEdge | null, after: RunEdge | null, read: (edge: RunEdge) => string): string =>
  `${before === null ? '–' : read(before)} → ${after === null ? '–' : read(after)}`;

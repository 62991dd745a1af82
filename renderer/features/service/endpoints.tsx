import { useMemo, useRef } from 'react';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import type { WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { formatCount, formatRate, formatSpan, Panel, Table } from '../../ui/index.ts';
import { requestsHref } from '../topology/request-links.ts';
import { addSample, type CounterSample, gatherInstances, type InstanceRow, rateOf } from './service-view.ts';

interface Row {
  id: string;
  workload: WorkloadStatus;
  seen: InstanceRow | undefined;
  rate: number | null;
}

/** The instances: as the engine probes them, and as their callers' sidecars judge them. */
export function Endpoints({
  workloads,
  clusters,
  id,
}: {
  workloads: readonly WorkloadStatus[];
  clusters: readonly ClusterStatus[];
  id: string;
}) {
  const samples = useRef<CounterSample[]>([]);
  const rows = useMemo<Row[]>(() => {
    const instances = gatherInstances(clusters);
    const counts = new Map(instances.map(({ address, requests }) => [address, requests]));
    samples.current = addSample(samples.current, { timeMs: Date.now(), counts });
    return workloads.map((workload) => {
      const seen = instances.find((instance) => instance.workload === workload.id);
      return { id: workload.id, workload, seen, rate: seen ? rateOf(samples.current, seen.address) : null };
    });
  }, [workloads, clusters]);
  return (
    <Panel title="Endpoints" hint={`${rows.length}`} flush>
      <Table
        label="Endpoints"
        rows={rows}
        keyOf={(row) => row.id}
        rowTestId="endpoint-row"
        columns={[
          { id: 'workload', title: 'Instance', cell: ({ workload }) => <b>{workload.id}</b> },
          { id: 'version', title: 'Version', cell: ({ workload }) => workload.version || '–' },
          { id: 'app', title: 'Process', cell: ({ workload }) => <span className="mono">{workload.app}</span> },
          { id: 'inbound', title: 'Sidecar', cell: ({ workload }) => <span className="mono">{workload.inbound}</span> },
          { id: 'health', title: 'Health', cell: (row) => <HealthCell row={row} /> },
          {
            id: 'ejected',
            title: 'Ejected by',
            cell: ({ seen }) =>
              seen?.ejections.length ? (
                <span className="tone-text tone-bad">
                  {seen.ejections.map(({ by, ejected }) => `✖ ${by}, back in ${formatSpan(ejected.remainingMs)}`).join('; ')}
                </span>
              ) : (
                <span className="muted">nobody</span>
              ),
          },
          { id: 'rate', title: 'Rate', align: 'end', cell: ({ rate }) => (rate === null ? '–' : `${formatRate(rate)}/s`) },
          { id: 'requests', title: 'Requests', align: 'end', cell: ({ seen }) => formatCount(seen?.requests ?? 0) },
          {
            id: 'errors',
            title: 'Errors',
            align: 'end',
            cell: ({ seen, workload }) =>
              seen?.errors ? (
                <a className="tone-text tone-bad" href={requestsHref({ to: id, version: workload.version }, 'status>=500')}>
                  ■ {formatCount(seen.errors)}
                </a>
              ) : (
                '0'
              ),
          },
          { id: 'row5xx', title: '5xx in a row', align: 'end', cell: ({ seen }) => formatCount(seen?.consecutive5xx ?? 0) },
        ]}
      />
    </Panel>
  );
}

function HealthCell({ row: { workload } }: { row: Row }) {
  const health = workload.health ?? 'unknown';
  const mark = healthMarks[health] ?? healthMarks.unknown;
  return (
    <span className={`tone-text tone-${mark.tone}`} title={workload.healthMessage || undefined}>
      {mark.glyph} {health}
    </span>
  );
}

const healthMarks: Record<string, { tone: string; glyph: string }> & { unknown: { tone: string; glyph: string } } = {
  ready: { tone: 'ok', glyph: '●' },
  starting: { tone: 'info', glyph: '○' },
  restarting: { tone: 'info', glyph: '○' },
  down: { tone: 'bad', glyph: '✖' },
  exited: { tone: 'bad', glyph: '✖' },
  unknown: { tone: 'neutral', glyph: '○' },
};

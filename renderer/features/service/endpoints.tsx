import { useMemo, useRef } from 'react';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import type { WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { formatCount, formatRate, formatSpan, Panel, plural, Table } from '../../ui/index.ts';
import { HealthWord } from '../health/failures.tsx';
import type { Health } from '../health/health-marks.ts';
import { requestsHref } from '../topology/request-links.ts';
import { RotationActions } from './rotation-actions.tsx';
import { type EndpointFacts, trafficWords } from './rotation-words.ts';
import { addSample, type CounterSample, gatherInstances, type InstanceRow, ordinal, rateOf } from './service-view.ts';

interface Row {
  id: string;
  workload: WorkloadStatus;
  seen: InstanceRow | undefined;
  /** What its callers know of it was read. */
  isKnown: boolean;
  rate: number | null;
  facts: EndpointFacts;
}

export interface EndpointsProps {
  workloads: readonly WorkloadStatus[];
  /** null until they are known. */
  clusters: readonly ClusterStatus[] | null;
  /** Of the service: `default/ratings`. */
  id: string;
  /** Without addresses and counters that only the endpoints' own tab has room for. */
  brief?: boolean;
}

const none: readonly never[] = [];

const columns = {
  workload: { id: 'workload', title: 'Instance', cell: ({ workload }: Row) => <b>{workload.id}</b> },
  version: { id: 'version', title: 'Version', cell: ({ workload }: Row) => workload.version || '–' },
  addresses: {
    id: 'app',
    title: 'Process, sidecar',
    cell: ({ workload }: Row) => (
      <span className="service-two mono">
        <span>{workload.app}</span>
        <small>{workload.inbound}</small>
      </span>
    ),
  },
  health: { id: 'health', title: 'Health', cell: (row: Row) => <HealthCell row={row} /> },
  rotation: { id: 'ejected', title: 'Rotation', cell: (row: Row) => <RotationCell row={row} /> },
  rate: {
    id: 'rate',
    title: 'Tries',
    align: 'end' as const,
    cell: ({ rate }: Row) => (rate === null ? '–' : `${formatRate(rate)}/s`),
  },
  row5xx: {
    id: 'row5xx',
    title: '5xx in a row',
    align: 'end' as const,
    cell: ({ seen, isKnown }: Row) => (isKnown ? formatCount(seen?.consecutive5xx ?? 0) : '–'),
  },
  actions: { id: 'actions', title: '', align: 'end' as const, cell: ({ facts }: Row) => <RotationActions facts={facts} /> },
};

const requestsOf = (id: string) => ({
  id: 'requests',
  title: 'Requests',
  align: 'end' as const,
  cell: ({ seen, workload, isKnown }: Row) =>
    isKnown ? <a href={requestsHref({ to: id, version: workload.version })}>{formatCount(seen?.requests ?? 0)}</a> : '–',
});

const errorsOf = (id: string) => ({
  id: 'errors',
  title: 'Errors',
  align: 'end' as const,
  cell: ({ seen, workload, isKnown }: Row) =>
    seen?.errors ? (
      <a className="tone-text tone-bad" href={requestsHref({ to: id, version: workload.version }, 'status>=500')}>
        ■ {formatCount(seen.errors)}
      </a>
    ) : isKnown ? (
      '0'
    ) : (
      '–'
    ),
});

/** The instances: as the engine probes them, and as their callers' sidecars judge them. */
export function Endpoints({ workloads, clusters, id, brief = false }: EndpointsProps) {
  const samples = useRef<CounterSample[]>([]);
  const rows = useMemo(() => {
    const instances = gatherInstances(clusters ?? none);
    const counts = new Map(instances.map(({ address, requests }) => [address, requests]));
    samples.current = addSample(samples.current, { timeMs: Date.now(), counts });
    return rowsOf(workloads, instances, { samples: samples.current, isKnown: clusters !== null });
  }, [workloads, clusters]);
  const shown = useMemo(() => {
    const { workload, version, addresses, health, rotation, rate, row5xx, actions } = columns;
    const numbers = [rate, requestsOf(id), errorsOf(id)];
    if (brief) return [workload, version, health, rotation, ...numbers, actions];
    return [workload, version, addresses, health, rotation, ...numbers, row5xx, actions];
  }, [brief, id]);
  return (
    <Panel title="Endpoints" hint={`${rows.length}`} flush>
      <Table label="Endpoints" rows={rows} keyOf={(row) => row.id} rowTestId="endpoint-row" columns={shown} />
    </Panel>
  );
}

function rowsOf(
  workloads: readonly WorkloadStatus[],
  instances: readonly InstanceRow[],
  { samples, isKnown }: { samples: readonly CounterSample[]; isKnown: boolean },
): Row[] {
  const rows = workloads.map((workload) => {
    const seen = instances.find((instance) => instance.workload === workload.id);
    const drained = workload.drained === true || seen?.drained === true;
    return { id: workload.id, workload, seen, drained, rate: seen ? rateOf(samples, seen.address) : null };
  });
  const inRotation = rows.filter(({ drained, seen }) => !drained && !seen?.ejections.length).map(({ id }) => id);
  return rows.map(({ drained, ...row }) => {
    const others = inRotation.filter((id) => id !== row.id).length;
    return {
      ...row,
      isKnown,
      facts: {
        ...{ workload: row.id, drained, others },
        ejected: (row.seen?.ejections.length ?? 0) > 0,
        detected: row.seen?.detected ?? false,
        isRun: row.workload.process !== undefined,
        traffic: trafficWords(row.rate, row.seen?.callers.size ?? 0, others),
      },
    };
  });
}

/** In, drained, or ejected: by whom, why and until when. */
function RotationCell({ row: { seen, isKnown, facts } }: { row: Row }) {
  const ejections = seen?.ejections ?? [];
  const [first] = ejections;
  if (facts.drained) return <span className="tone-text tone-warn">▲ Drained by hand</span>;
  if (!isKnown) return '–';
  if (!first) return <span className="tone-text tone-ok">● In</span>;
  const back = Math.max(...ejections.map(({ ejected }) => ejected.remainingMs));
  return (
    <span className="service-two" title={ejections.map(ejectionWords).join('\n')}>
      <span className="truncate tone-text tone-bad">
        ✖ Ejected by {ejections.length === 1 ? first.by : plural(ejections.length, 'caller')}
      </span>
      <small className="num">
        {first.ejected.reason}
        {first.ejected.count > 1 && `, ${ordinal(first.ejected.count)} time`}, back in {formatSpan(back)}
      </small>
    </span>
  );
}

const ejectionWords = ({ by, ejected }: InstanceRow['ejections'][number]): string =>
  `${by}: ${ejected.reason}, ${ordinal(ejected.count)} time, back in ${formatSpan(ejected.remainingMs)}`;

function HealthCell({ row: { workload } }: { row: Row }) {
  return (
    <span title={workload.healthMessage || undefined}>
      <HealthWord health={probed(workload)} />
    </span>
  );
}

const unprobed: Health = { tone: 'neutral', glyph: '○', word: 'Unknown' };

const probes: Record<string, Health> = {
  ready: { tone: 'ok', glyph: '●', word: 'Ready' },
  starting: { tone: 'info', glyph: '○', word: 'Starting' },
  restarting: { tone: 'info', glyph: '○', word: 'Restarting' },
  down: { tone: 'bad', glyph: '✖', word: 'Down' },
  exited: { tone: 'bad', glyph: '✖', word: 'Exited' },
};

/** What the engine's probe of the instance says. */
export const probed = ({ health }: Pick<WorkloadStatus, 'health'>): Health => probes[health ?? ''] ?? unprobed;

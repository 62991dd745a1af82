import { useMemo, useState } from 'react';
import type { AppMetric } from '../../../proxy/api/app-metric.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, formatClock, formatCount, Input, Panel, plural, Table } from '../../ui/index.ts';
import { metricValue } from './metric-value.ts';

const refreshMs = 5_000;
/** More than a screenful is shown when asked for. */
const fewRows = 12;

const keyOf = (metric: AppMetric) => `${metric.name} ${JSON.stringify(metric.attributes)}`;

const columns = [
  { id: 'name', title: 'Metric', cell: (metric: AppMetric) => <span className="mono">{metric.name}</span> },
  { id: 'of', title: 'Of', cell: (metric: AppMetric) => <Attributes metric={metric} /> },
  {
    id: 'value',
    title: 'Last value',
    align: 'end' as const,
    cell: (metric: AppMetric) => (
      <span className="num" title={String(metric.value ?? '')}>
        {metricValue(metric)}
      </span>
    ),
  },
  { id: 'kind', title: 'Kind', cell: (metric: AppMetric) => <span className="soft">{kindWords(metric)}</span> },
  { id: 'time', title: 'At', cell: (metric: AppMetric) => <span className="num muted">{formatClock(metric.time, false)}</span> },
];

/** What the service exports of itself over OTLP; nothing when it exports nothing. */
export function AppMetrics({ service }: { service: string }) {
  const { paused } = usePreferences();
  const { data } = useCall('listAppMetrics', { query: { service } }, paused ? undefined : refreshMs);
  const [find, setFind] = useState('');
  const [all, setAll] = useState(false);
  const metrics = data?.metrics ?? [];
  const found = useMemo(
    () => metrics.filter((metric) => keyOf(metric).toLowerCase().includes(find.toLowerCase())),
    [metrics, find],
  );
  if (metrics.length === 0) return null;
  const shown = all ? found : found.slice(0, fewRows);
  return (
    <Panel
      title="App metrics"
      hint={
        data && data.dropped > 0
          ? `${plural(metrics.length, 'series', 'series')}; values of others were dropped: too many`
          : plural(metrics.length, 'series', 'series')
      }
      flush
      actions={
        metrics.length > fewRows && (
          <Input
            aria-label="Find a metric"
            placeholder="Find a metric"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
        )
      }
    >
      <div data-testid="app-metrics">
        <Table label="App metrics" columns={columns} rows={shown} keyOf={keyOf} />
        {found.length === 0 && <p className="muted service-metrics-note">No metric is called so.</p>}
        {found.length > shown.length && (
          <div className="service-metrics-note">
            <Button size="small" onClick={() => setAll(true)}>
              Show all {formatCount(found.length)}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Attributes({ metric }: { metric: AppMetric }) {
  const text = Object.entries(metric.attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return (
    <span className="soft" title={text}>
      {text}
    </span>
  );
}

function kindWords({ kind, count }: AppMetric): string {
  if (kind === 'histogram' || kind === 'summary') return `mean of ${formatCount(count ?? 0)}`;
  return kind === 'counter' ? 'counter, so far' : kind;
}

import { useMemo } from 'react';
import type { MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { HeatMap } from '../../ui/charts/heat-map.tsx';
import { type ChartSeries, LineChart } from '../../ui/charts/line-chart.tsx';
import { ErrorState, formatMs, formatRate, formatShare, Panel, Skeleton } from '../../ui/index.ts';
import { eventMarks } from './service-view.ts';

const metrics = 'rate,errors,p50,p95,p99,retries,inflight';
const heightPx = 138;
const legendPx = 21;
const msTick = (value: number) => (value === 0 ? '0' : formatMs(value));
const none: readonly never[] = [];
const plain = (value: number) => String(Math.round(value * 100) / 100);

/** Six charts of one service over the window, with what happened marked on them. A click opens a trace of that moment. */
export function ServiceCharts({ id, events }: { id: string; events: readonly MeshEvent[] }) {
  const { window, paused } = usePreferences();
  const router = useRouter();
  const query = { edge: `->${id}`, metric: metrics, heat: 'true', window };
  const { data, error, reload } = useCall('getSeries', { query }, paused ? undefined : 1000);
  const charts = useMemo(() => {
    const line = (metric: string, label: string, color: string): ChartSeries[] => {
      const values = data?.series[metric];
      return values ? [{ id: metric, label, values, color }] : [];
    };
    return {
      rate: line('rate', 'Requests per second', '--series-1'),
      errors: line('errors', 'Errors', '--series-5'),
      latency: [...line('p50', 'p50', '--series-4'), ...line('p95', 'p95', '--series-2'), ...line('p99', 'p99', '--series-3')],
      retries: line('retries', 'Retries', '--series-2'),
      inflight: line('inflight', 'In flight', '--series-6'),
    };
  }, [data]);
  const stepSeconds = data?.stepSeconds ?? 1;
  const marks = useMemo(() => eventMarks(events, stepSeconds), [events, stepSeconds]);
  if (error && !data) return <ErrorState title="No charts" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={6} height={22} />;
  const openTrace = (slot: number) => {
    const trace = data.exemplars[slot];
    if (trace) router.navigate(`traces/${trace}`);
  };
  const chart = (title: string, series: ChartSeries[], format: (value: number) => string, more: Partial<ChartProps> = {}) => (
    <Panel title={title} hint={more.hint} flush>
      <div className="service-chart">
        <LineChart
          label={window === 'run' ? `${title} of this run` : `${title} over the last ${window}`}
          times={data.times}
          series={series}
          marks={marks}
          height={series.length > 1 ? heightPx - legendPx : heightPx}
          format={format}
          max={more.max}
          onSelect={openTrace}
        />
      </div>
    </Panel>
  );
  return (
    <div className="service-charts">
      {chart('Latency', charts.latency, msTick)}
      <Panel title="Latency bands" hint="requests per band; darker is more" flush>
        <div className="service-chart">
          <HeatMap
            label={`Latency bands over the last ${window}`}
            times={data.times}
            bounds={data.heat?.boundsMs ?? none}
            counts={data.heat?.counts ?? none}
            marks={marks}
            height={heightPx}
            format={msTick}
            onSelect={openTrace}
          />
        </div>
      </Panel>
      {chart('Requests', charts.rate, (value) => (value === 0 ? '0' : `${formatRate(value)}/s`))}
      {chart('Errors', charts.errors, formatShare, { max: maxShare(data.series.errors) })}
      {chart('Retry ratio', charts.retries, formatShare, {
        hint: 'attempts beyond the first, per request',
        max: maxShare(data.series.retries),
      })}
      {chart('In flight', charts.inflight, plain, { hint: 'requests at once' })}
      <EventList events={events} />
    </div>
  );
}

interface ChartProps {
  hint: string;
  max: number | undefined;
}

/** The axis of a share ends at the next of 1, 5, 10, 25, 50, 100 %: a flat zero is drawn as zero. More than one retry per request has no end. */
function maxShare(values: readonly (number | null)[] | undefined): number | undefined {
  const top = Math.max(0, ...(values ?? []).map((value) => value ?? 0));
  return [0.01, 0.05, 0.1, 0.25, 0.5].find((step) => top <= step) ?? (top <= 1 ? 1 : undefined);
}

const clock = (time: string) => new Date(time).toLocaleTimeString([], { hour12: false });

/** What happened to the service, newest first. */
export function EventList({ events }: { events: readonly MeshEvent[] }) {
  return (
    <Panel title="Events" className="service-wide" flush>
      {events.length === 0 ? (
        <p className="service-none">Nothing has happened to it yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard.
        <ul className="service-events num" tabIndex={0} aria-label="Events, newest first">
          {events.slice(0, 30).map((event) => (
            <li key={event.id}>
              <span className="muted">{clock(event.time)}</span>
              <EventText event={event} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function EventText({ event }: { event: MeshEvent }) {
  if (event.type.startsWith('fault.'))
    return (
      <a href={hrefTo('faults')} className="tone-fault tone-text">
        {event.message}
      </a>
    );
  return <span>{event.message}</span>;
}

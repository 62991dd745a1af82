import { Waypoints } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import type { MeshEvent, Series } from '../../../proxy/api/observability.schema.ts';
import { type TimeWindow, usePreferences } from '../../app/preferences.ts';
import { useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { HeatMap } from '../../ui/charts/heat-map.tsx';
import { type ChartMark, type ChartSeries, LineChart, type LineChartProps } from '../../ui/charts/line-chart.tsx';
import { ErrorState, formatMs, formatRate, formatShare, IconButton, Panel, Skeleton } from '../../ui/index.ts';
import { WhileVisible } from '../../ui/while-visible.tsx';
import { useThresholds } from '../health/failures.tsx';
import { chartMetrics, errorLevels, maxShare, serviceSeries, worstSlot } from './chart-series.ts';
import { EventList } from './event-list.tsx';
import { eventMarks } from './service-view.ts';

const heightPx = 138;
const legendPx = 21;
const none: readonly never[] = [];
const msTick = (value: number) => (value === 0 ? '0' : formatMs(value));
const rateTick = (value: number) => (value === 0 ? '0' : `${formatRate(value)}/s`);
const plain = (value: number) => String(Math.round(value * 100) / 100);

/** The charts of one service over the window, with what happened marked on each. A click opens a trace of that moment. */
export function ServiceCharts({ id, events }: { id: string; events: readonly MeshEvent[] }) {
  const { window, paused } = usePreferences();
  const query = { edge: `->${id}`, metric: chartMetrics, heat: 'true', split: 'true', window };
  const { data, error, reload } = useCall('getSeries', { query }, paused ? undefined : 1000);
  const stepSeconds = data?.stepSeconds ?? 1;
  const marks = useMemo(() => eventMarks(events, stepSeconds), [events, stepSeconds]);
  if (error && !data) return <ErrorState title="The charts cannot be read" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={6} height={22} />;
  return (
    <div className="service-charts">
      <Charts data={data} marks={marks} window={window} />
      <EventList events={events} />
    </div>
  );
}

interface ChartsProps {
  data: Series;
  marks: readonly ChartMark[];
  window: TimeWindow;
}

function Charts({ data, marks, window }: ChartsProps) {
  // The thresholds come anew with every graph, mostly with the same numbers.
  const { degraded, failing } = useThresholds().serverErrors;
  const lines = useMemo(() => serviceSeries(data), [data]);
  const levels = useMemo(() => errorLevels({ degraded, failing }), [degraded, failing]);
  const failed = data.errorExemplars ?? data.exemplars;
  const common = { data, marks, window };
  return (
    <>
      <ServiceChart
        {...common}
        title="Requests"
        hint="per second, by answer"
        series={lines.classes}
        extras={lines.classExtras}
        format={rateTick}
      />
      <ServiceChart
        {...common}
        title="Errors"
        hint="5xx and no answer"
        series={lines.errors}
        extras={lines.errorExtras}
        levels={levels}
        traces={failed}
        format={formatShare}
        max={maxShare(data.extremes?.errors?.high ?? data.series.errors)}
      />
      <ServiceChart {...common} title="Latency" series={lines.latency} extras={lines.latencyExtras} format={msTick} />
      <Bands {...common} />
      {lines.split.length > 0 && (
        <ServiceChart
          {...common}
          title="Split"
          hint="where requests went; dotted: where weights want them"
          series={lines.split}
          format={formatShare}
          max={1}
        />
      )}
      <ServiceChart
        {...common}
        title="Retry ratio"
        hint="attempts beyond the first, per request"
        series={lines.retries}
        format={formatShare}
        max={maxShare(data.series.retries)}
      />
      <ServiceChart {...common} title="In flight" hint="requests at once, on average" series={lines.inflight} format={plain} />
    </>
  );
}

type ServiceChartProps = ChartsProps &
  Pick<LineChartProps, 'extras' | 'levels' | 'format' | 'max'> & {
    title: string;
    hint?: string;
    series: ChartSeries[];
    /** A trace per slot that a click opens; default: the slowest. */
    traces?: readonly string[];
  };

const overWindow = (title: string, window: TimeWindow) =>
  window === 'run' ? `${title} of this run` : `${title} over the last ${window}`;

function ServiceChart({ data, marks, window, title, hint, series, traces = data.exemplars, ...more }: ServiceChartProps) {
  const openTrace = useOpenTrace(traces);
  const worst = worstSlot(series.at(-1)?.values ?? none, traces);
  return (
    <ChartPanel title={title} hint={hint} onWorst={worst === null ? null : () => openTrace(worst)}>
      <LineChart
        {...more}
        label={overWindow(title, window)}
        times={data.times}
        series={series}
        partial={data.partial}
        marks={marks}
        height={series.length > 1 ? heightPx - legendPx : heightPx}
        onSelect={openTrace}
        selectNote={(slot) => (traces[slot] ? 'Click: a trace of this moment' : '')}
      />
    </ChartPanel>
  );
}

function Bands({ data, marks, window }: ChartsProps) {
  const openTrace = useOpenTrace(data.exemplars);
  const worst = worstSlot(data.series.max ?? none, data.exemplars);
  return (
    <ChartPanel
      title="Latency bands"
      hint="requests per band; darker is more"
      onWorst={worst === null ? null : () => openTrace(worst)}
    >
      <HeatMap
        label={overWindow('Latency bands', window)}
        times={data.times}
        bounds={data.heat?.boundsMs ?? none}
        counts={data.heat?.counts ?? none}
        partial={data.partial}
        marks={marks}
        height={heightPx}
        format={msTick}
        onSelect={openTrace}
      />
    </ChartPanel>
  );
}

function useOpenTrace(traces: readonly string[]): (slot: number) => void {
  const router = useRouter();
  return (slot) => {
    const trace = traces[slot];
    if (trace) router.navigate(`traces/${trace}`);
  };
}

/** `onWorst`: what a click on the highest point does, for those who do not point; null when there is none. */
function ChartPanel({
  title,
  hint,
  onWorst,
  children,
}: {
  title: string;
  hint?: string;
  onWorst: (() => void) | null;
  children: ReactNode;
}) {
  return (
    <Panel
      title={title}
      hint={hint}
      flush
      actions={
        onWorst && (
          <IconButton
            label={`${title}: open a trace of the highest point`}
            size="small"
            icon={<Waypoints size={13} />}
            onClick={onWorst}
          />
        )
      }
    >
      <div className="service-chart">
        <WhileVisible>{children}</WhileVisible>
      </div>
    </Panel>
  );
}

import { memo, useMemo } from 'react';
import { Area, CartesianGrid, ComposedChart, Line, ReferenceLine, XAxis, YAxis } from 'recharts';
import { type ChartMark, spaceMarks } from './chart-marks.ts';
import { type ChartSeries, type LinePart, lineParts, pathThrough } from './line-parts.ts';
import { plotMargin } from './plot.ts';
import { clockTick, timeTicks } from './ticks.ts';

/** A value from which on something is wrong, drawn across. */
export interface ChartLevel {
  value: number;
  label: string;
  tone: 'warn' | 'bad';
}

export interface LineDrawingProps {
  width: number;
  height: number;
  /** Epoch milliseconds of each slot. */
  times: readonly number[];
  series: readonly ChartSeries[];
  /** The last slot goes on: the line to it is dotted. */
  partial: boolean;
  marks: readonly ChartMark[];
  levels: readonly ChartLevel[];
  /** Where the value axis has its numbers; the last is its top. */
  steps: readonly number[];
  format: (value: number) => string;
}

/** What the shapes of the lines draw from, in each row: recharts hands rows to them, so that the shapes themselves never change. */
interface Drawn {
  series: readonly ChartSeries[];
  partial: boolean;
}

type Row = Record<string, number | null | [number, number] | Drawn> & { drawn: Drawn };

const dashes = [undefined, '5 3', '2 2', '8 3 2 3', '1 3', '10 4'];
const plotMargins = { top: plotMargin.top, right: plotMargin.right, bottom: 0, left: 0 };
const allOfIt: ['dataMin', 'dataMax'] = ['dataMin', 'dataMax'];
const grid = <CartesianGrid stroke="var(--line)" vertical={false} />;

export const colorOf = (line: ChartSeries, index: number) => `var(${line.color ?? `--series-${(index % 6) + 1}`})`;
export const dashOf = (line: ChartSeries, index: number) => line.dash ?? dashes[index % dashes.length];

/**
 * The lines themselves, by recharts: about 120 points at 1 Hz, without animation. Every setting of an axis or a line that is another than before
 * makes recharts go through all of them once more, so that between two ticks only the rows change. Texts are plain elements: recharts' own
 * measures each of them in the page.
 */
export const LineDrawing = memo(function LineDrawing(props: LineDrawingProps) {
  const { width, height, times, series, partial, marks, levels, steps, format } = props;
  const rows = useMemo(() => rowsOf(times, { series, partial }), [times, series, partial]);
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  const timeAxis = useTimeAxis(first, last, width);
  const valueAxis = useValueAxis(steps, format);
  const lines = useLines(series);
  return (
    <ComposedChart width={width} height={height} data={rows} margin={plotMargins} accessibilityLayer={false}>
      {grid}
      {timeAxis}
      {valueAxis}
      {lines}
      {levels.filter(({ value }) => value > 0 && value <= (steps.at(-1) ?? 1)).map(drawLevel)}
      {spaceMarks(marks, first, last).map(drawMark)}
    </ComposedChart>
  );
});

function useTimeAxis(first: number, last: number, width: number) {
  const room = Math.max(1, Math.min(6, (width - plotMargin.left - plotMargin.right) / 64));
  const { ticks, withSeconds } = timeTicks(first, last, room);
  const stable = useStable(ticks);
  return useMemo(
    () => (
      <XAxis
        dataKey="time"
        type="number"
        domain={allOfIt}
        ticks={stable}
        tick={({ x, y, payload }) => (
          <text x={x} y={y} dy="0.71em" textAnchor="middle" fill="var(--text-3)">
            {clockTick(payload.value, withSeconds)}
          </text>
        )}
        stroke="transparent"
        tickLine={false}
        interval={0}
        height={plotMargin.bottom}
      />
    ),
    [stable, withSeconds],
  );
}

function useValueAxis(steps: readonly number[], format: (value: number) => string) {
  const stable = useStable(steps);
  return useMemo(
    () => (
      <YAxis
        width={plotMargin.left}
        domain={[0, stable.at(-1) ?? 1]}
        ticks={stable}
        tick={({ x, y, payload }) => (
          <text x={x} y={y} dy="0.355em" textAnchor="end" fill="var(--text-3)">
            {format(payload.value)}
          </text>
        )}
        stroke="transparent"
        tickLine={false}
        interval={0}
      />
    ),
    [stable, format],
  );
}

/** Bands and lines; the same elements as long as there are the same lines. */
function useLines(series: readonly ChartSeries[]) {
  const looks = useStable(series.map(({ id, color, dash, band }) => [id, color ?? '', dash ?? '', band ? 'band' : ''].join(' ')));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the elements follow what the lines look like, rows bring their values.
  return useMemo(
    () => [
      ...series.map((line, index) => line.band && drawBand(line, index)),
      ...series.map((line, index) => drawLine(line, index)),
    ],
    [looks],
  );
}

/** The list of before as long as it has the same members. */
function useStable<T extends string | number>(list: readonly T[]): T[] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: compared by content.
  return useMemo(() => [...list], [list.join('\n')]);
}

/** A row per slot: its time, and what each line has there. */
function rowsOf(times: readonly number[], drawn: Drawn): Row[] {
  return times.map((time, slot) => {
    const row: Row = { time, drawn };
    for (const { id, values, band } of drawn.series) {
      row[id] = values[slot] ?? null;
      const [low, high] = [band?.low[slot], band?.high[slot]];
      if (band) row[`${id} band`] = typeof low === 'number' && typeof high === 'number' ? [low, high] : null;
    }
    return row;
  });
}

function drawBand(line: ChartSeries, index: number) {
  return (
    <Area
      key={`${line.id} band`}
      dataKey={`${line.id} band`}
      type="linear"
      stroke="none"
      fill={colorOf(line, index)}
      fillOpacity={0.16}
      activeDot={false}
      isAnimationActive={false}
    />
  );
}

function drawLine(line: ChartSeries, index: number) {
  return (
    <Line
      key={line.id}
      dataKey={line.id}
      // One line with all its parts: a line of recharts for each part would cost the page's thread that many times.
      shape={({ points }) => <LineParts index={index} points={points ?? none} />}
      dot={false}
      activeDot={false}
      isAnimationActive={false}
    />
  );
}

const none: readonly never[] = [];

interface LinePartsProps {
  index: number;
  /** Where recharts puts the slots, and the rows they come from. */
  points: readonly { x: number | null; y: number | null; payload?: Row }[];
}

function LineParts({ index, points }: LinePartsProps) {
  const drawn = points[0]?.payload?.drawn;
  const line = drawn?.series[index];
  if (!line) return null;
  const color = colorOf(line, index);
  const placed = (values: LinePart['values']) => values.map((value, slot) => (value === null ? null : (points[slot] ?? null)));
  return (
    <g className="dd-chart-line" stroke={color}>
      {lineParts(line, drawn.partial).map(({ kind, values }) =>
        kind === 'alone' ? (
          placed(values).map((at) => at && <circle key={at.x} cx={at.x ?? 0} cy={at.y ?? 0} r={2.4} fill={color} stroke="none" />)
        ) : (
          <path
            key={kind}
            data-part={kind}
            strokeDasharray={kind === 'whole' ? dashOf(line, index) : undefined}
            d={pathThrough(placed(values))}
          />
        ),
      )}
    </g>
  );
}

function drawLevel({ value, label, tone }: ChartLevel) {
  return (
    <ReferenceLine
      key={label}
      y={value}
      stroke={`var(--${tone})`}
      strokeOpacity={0.7}
      strokeDasharray="1 4"
      label={({ viewBox: { x, y } }) => (
        <text x={x + 4} y={y - 3} fill={`var(--${tone})`}>
          {label}
        </text>
      )}
    />
  );
}

function drawMark({ mark, named, left }: ReturnType<typeof spaceMarks>[number]) {
  const tone = `var(--${mark.tone ?? 'info'})`;
  const label = ({ viewBox: { x, y } }: { viewBox: { x: number; y: number } }) => (
    <text x={left ? x - 4 : x + 4} y={y + 9} textAnchor={left ? 'end' : 'start'} fill={tone}>
      {mark.label}
    </text>
  );
  return (
    <ReferenceLine
      key={`${mark.time} ${mark.label}`}
      x={mark.time}
      stroke={tone}
      strokeOpacity={0.75}
      strokeDasharray="3 3"
      {...(named ? { label } : {})}
    />
  );
}

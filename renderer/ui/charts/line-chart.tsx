import { useMemo } from 'react';
import {
  CartesianGrid,
  Line,
  ReferenceLine,
  LineChart as ReLineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import './charts.css';
import { clockTick, timeTicks, valueTicks } from './ticks.ts';

export interface ChartSeries {
  id: string;
  label: string;
  /** One per time; null is a gap. */
  values: readonly (number | null)[];
  /** CSS variable; the default goes through --series-1 … 6. */
  color?: string;
  /** Tells lines apart without colour. */
  dash?: string;
}

export interface ChartMark {
  /** Epoch milliseconds. */
  time: number;
  label: string;
  tone?: 'warn' | 'bad' | 'fault' | 'info';
}

export interface LineChartProps {
  /** What it shows, for assistive tools. */
  label: string;
  /** Epoch milliseconds of each slot. */
  times: readonly number[];
  series: readonly ChartSeries[];
  /** Vertical lines for events. */
  marks?: readonly ChartMark[];
  height?: number;
  format?: (value: number) => string;
  /** Top of the axis; default: fits the data. */
  max?: number;
  /** Called with the slot's index. */
  onSelect?: (index: number) => void;
  legend?: boolean;
}

const clock = (time: number) => new Date(time).toLocaleTimeString([], { hour12: false });
const plain = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Math.round(value * 100) / 100));
const dashes = [undefined, '5 3', '2 2', '8 3 2 3', '1 3', '10 4'];

const marksApart = 0.14;

const tonePriority = ['bad', 'fault', 'warn', 'info'] as const;

/**
 * Marks on show, oldest first. Of names that would lie on each other the gravest stays; those near the right border stand on the left of
 * their line.
 */
export function spaceMarks(marks: readonly ChartMark[], first: number, last: number) {
  const span = Math.max(1, last - first);
  const placed = marks
    .filter((mark) => mark.time >= first && mark.time <= last)
    .sort((a, b) => a.time - b.time)
    .map((mark) => {
      const at = (mark.time - first) / span;
      const left = at > 0.82;
      return { mark, left, named: false, from: left ? at - marksApart : at, to: left ? at : at + marksApart };
    });
  const gravity = ({ mark }: (typeof placed)[number]) => tonePriority.indexOf(mark.tone ?? 'info');
  for (const one of [...placed].sort((a, b) => gravity(a) - gravity(b)))
    one.named = placed.every((other) => !other.named || other.to <= one.from || other.from >= one.to);
  return placed;
}

/** Lines over time with event marks. Made for 1 Hz updates of about 120 points; keep `series` referentially stable between them. */
export function LineChart(props: LineChartProps) {
  const { times, series, marks = [], height = 160, format = plain, max, onSelect, legend = true } = props;
  const rows = useMemo(
    () =>
      times.map((time, slot) => ({
        time,
        slot,
        ...Object.fromEntries(series.map((line) => [line.id, line.values[slot] ?? null])),
      })),
    [times, series],
  );
  const color = (index: number) => `var(${series[index]?.color ?? `--series-${(index % 6) + 1}`})`;
  const dash = (index: number) => series[index]?.dash ?? dashes[index % dashes.length];
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 0;
  const top = max ?? series.reduce((most, line) => line.values.reduce<number>((a, value) => Math.max(a, value ?? 0), most), 0);
  const levels = valueTicks(top);
  const { ticks, withSeconds } = timeTicks(first, last);
  return (
    <figure className="dd-chart" aria-label={props.label}>
      {legend && series.length > 1 && (
        <figcaption className="dd-chart-legend">
          {series.map((line, index) => (
            <span key={line.id}>
              <i style={{ '--c': color(index) } as React.CSSProperties} data-dash={dash(index) ? '' : undefined} />
              {line.label}
            </span>
          ))}
        </figcaption>
      )}
      <ResponsiveContainer width="100%" height={height}>
        <ReLineChart
          data={rows}
          margin={{ top: 10, right: 24, bottom: 0, left: 0 }}
          onClick={(state) => state.activeTooltipIndex != null && onSelect?.(Number(state.activeTooltipIndex))}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="time"
            type="number"
            domain={[first, last]}
            ticks={ticks}
            tickFormatter={(time: number) => clockTick(time, withSeconds)}
            tick={{ fontSize: 10, fill: 'var(--text-3)' }}
            stroke="var(--line-2)"
            tickLine={false}
            minTickGap={14}
            height={22}
          />
          <YAxis
            width={52}
            domain={[0, levels.at(-1) ?? 1]}
            ticks={levels}
            // recharts breaks labels at spaces
            tickFormatter={(value: number) => format(value).replaceAll(' ', '\u00a0')}
            tick={{ fontSize: 10, fill: 'var(--text-3)' }}
            stroke="transparent"
            tickLine={false}
            interval={0}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--stroke)' }}
            content={({ active, payload, label }) =>
              active && payload?.length ? (
                <div className="dd-chart-tip">
                  <div className="muted">{clock(Number(label))}</div>
                  <dl>
                    {series.map((line) => {
                      const value = payload.find((entry) => entry.dataKey === line.id)?.value;
                      return [
                        <dt key={line.id}>{line.label}</dt>,
                        <dd key={`${line.id}=`}>{typeof value === 'number' ? format(value) : '–'}</dd>,
                      ];
                    })}
                  </dl>
                </div>
              ) : null
            }
          />
          {spaceMarks(marks, first, last).map(({ mark, named, left }) => (
            <ReferenceLine
              key={`${mark.time} ${mark.label}`}
              x={mark.time}
              stroke={`var(--${mark.tone ?? 'info'})`}
              strokeDasharray="3 3"
              label={
                named
                  ? {
                      value: mark.label,
                      position: left ? 'insideTopRight' : 'insideTopLeft',
                      fontSize: 10,
                      fill: `var(--${mark.tone ?? 'info'})`,
                    }
                  : undefined
              }
            />
          ))}
          {series.map((line, index) => (
            <Line
              key={line.id}
              dataKey={line.id}
              name={line.label}
              type="linear"
              stroke={color(index)}
              strokeWidth={1.6}
              strokeDasharray={dash(index)}
              dot={false}
              connectNulls={false}
              isAnimationActive={false}
            />
          ))}
        </ReLineChart>
      </ResponsiveContainer>
    </figure>
  );
}

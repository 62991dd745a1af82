import { type KeyboardEvent, type RefObject, useMemo, useState } from 'react';
import { useWidth } from '../use-width.ts';
import type { ChartMark } from './chart-marks.ts';
import { type ChartExtra, ChartTip, momentWords } from './chart-tip.tsx';
import './charts.css';
import { type ChartLevel, colorOf, dashOf, LineDrawing } from './line-drawing.tsx';
import { type ChartSeries, topOf } from './line-parts.ts';
import { Plot, plotMargin } from './plot.ts';
import { valueTicks } from './ticks.ts';

export type { ChartMark } from './chart-marks.ts';
export type { ChartLevel } from './line-drawing.tsx';
export type { ChartSeries } from './line-parts.ts';

export interface LineChartProps {
  /** What it shows, for assistive tools. */
  label: string;
  /** Epoch milliseconds of each slot. */
  times: readonly number[];
  series: readonly ChartSeries[];
  /** The last slot goes on: the line to it is dotted. */
  partial?: boolean;
  /** Vertical lines for events. */
  marks?: readonly ChartMark[];
  levels?: readonly ChartLevel[];
  /** Told beside the lines, and not drawn. */
  extras?: readonly ChartExtra[];
  height?: number;
  format?: (value: number) => string;
  /** Top of the axis; default: fits the data. */
  max?: number;
  /** Called with the slot's index: a click, or Enter on the slot that the arrow keys have chosen. */
  onSelect?: (index: number) => void;
  /** What that does at this slot; '' when it does nothing. */
  selectNote?: (index: number) => string;
  legend?: boolean;
}

const plain = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Math.round(value * 100) / 100));
const none: readonly never[] = [];
const tipPx = 190;

/**
 * Lines over time with event marks. Pointer or arrow keys choose a moment and are told of it, by a layer above the drawing, which is not drawn
 * again for that; a click or Enter opens what is behind it. Keep what is given referentially stable between ticks.
 */
export function LineChart(props: LineChartProps) {
  const { label, times, series, partial = false, marks = none, height = 160, format = plain, onSelect } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const top = props.max ?? topOf(series);
  const steps = useMemo(() => valueTicks(top), [top]);
  const plot = new Plot({ width, height, times, top: steps.at(-1) ?? 1 });
  const slot = at === null || at >= times.length ? null : at;
  const extras = props.extras ?? none;
  const moment = { times, series, extras, marks, partial, format };
  return (
    <figure className="dd-chart" data-select={onSelect ? '' : undefined}>
      {(props.legend ?? true) && series.length > 1 && <Legend series={series} />}
      <div
        ref={box as RefObject<HTMLDivElement>}
        className="dd-chart-plot"
        style={{ height }}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={slot ?? Math.max(0, times.length - 1)}
        aria-valuetext={momentWords({ ...moment, slot: slot ?? times.length - 1 })}
        onPointerMove={(event) => setAt(plot.slotAt(event.clientX - event.currentTarget.getBoundingClientRect().left))}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onClick={() => slot !== null && onSelect?.(slot)}
        onKeyDown={(event) => steer(event, slot, times.length, setAt, onSelect)}
      >
        {width > 0 && (
          <LineDrawing {...{ width, height, times, series, partial, marks, steps, format }} levels={props.levels ?? none} />
        )}
        {slot !== null && <Cursor slot={slot} series={series} plot={plot} />}
        {slot !== null && (
          <div className="dd-chart-tip-at" style={{ left: tipLeft(plot, times[slot] ?? 0) }}>
            <ChartTip {...moment} slot={slot} note={props.selectNote?.(slot) ?? ''} />
          </div>
        )}
      </div>
    </figure>
  );
}

/** Beside the moment, on the side with room. */
function tipLeft(plot: Plot, time: number): number {
  const x = plot.x(time);
  return x + 12 + tipPx <= plot.width ? x + 12 : Math.max(0, x - 12 - tipPx);
}

function steer(
  event: KeyboardEvent,
  slot: number | null,
  count: number,
  setAt: (slot: number | null) => void,
  onSelect: ((slot: number) => void) | undefined,
): void {
  if (event.key === 'Enter' && slot !== null) onSelect?.(slot);
  const from = slot ?? count;
  const next = { ArrowLeft: from - 1, ArrowRight: (slot ?? count - 2) + 1, Home: 0, End: count - 1 }[event.key];
  if (next === undefined || count === 0) return;
  event.preventDefault();
  setAt(Math.min(count - 1, Math.max(0, next)));
}

function Legend({ series }: { series: readonly ChartSeries[] }) {
  return (
    <figcaption className="dd-chart-legend">
      {series.map((line, index) => (
        <span key={line.id}>
          <svg width="18" height="6" aria-hidden="true">
            <path d="M0 3H18" stroke={colorOf(line, index)} strokeWidth="2" strokeDasharray={dashOf(line, index)} />
          </svg>
          {line.label}
        </span>
      ))}
    </figcaption>
  );
}

function Cursor({ slot, series, plot }: { slot: number; series: readonly ChartSeries[]; plot: Plot }) {
  const x = plot.x(plot.times[slot] ?? 0);
  return (
    <svg className="dd-chart-cursor" width={plot.width} height={plot.height} aria-hidden="true">
      <path d={`M${x} ${plotMargin.top}V${plot.bottom}`} />
      {series.map((line, index) => {
        const value = line.values[slot] ?? null;
        return value !== null && <circle key={line.id} cx={x} cy={plot.y(value)} r={3} fill={colorOf(line, index)} />;
      })}
    </svg>
  );
}

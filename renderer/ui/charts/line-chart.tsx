import { type KeyboardEvent, type RefObject, useState } from 'react';
import { useWidth } from '../use-width.ts';
import { type ChartMark, spaceMarks } from './chart-marks.ts';
import { type ChartExtra, ChartTip, momentWords } from './chart-tip.tsx';
import './charts.css';
import { type ChartSeries, lineParts, topOf } from './line-parts.ts';
import { areaPath, linePath, Plot, plotMargin } from './plot.ts';
import { clockTick, timeTicks, valueTicks } from './ticks.ts';

export type { ChartMark } from './chart-marks.ts';
export type { ChartSeries } from './line-parts.ts';

/** A value from which on something is wrong, drawn across. */
export interface ChartLevel {
  value: number;
  label: string;
  tone: 'warn' | 'bad';
}

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
const dashes = [undefined, '5 3', '2 2', '8 3 2 3', '1 3', '10 4'];
const none: readonly never[] = [];
const tipPx = 190;

const colorOf = (line: ChartSeries, index: number) => `var(${line.color ?? `--series-${(index % 6) + 1}`})`;
const dashOf = (line: ChartSeries, index: number) => line.dash ?? dashes[index % dashes.length];

/**
 * Lines over time with event marks, in plain SVG: a tick of 120 points costs a few path strings. Pointer or arrow keys choose a moment and are
 * told of it; a click or Enter opens what is behind it.
 */
export function LineChart(props: LineChartProps) {
  const { label, times, series, partial = false, marks = none, height = 160, format = plain, onSelect } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const steps = valueTicks(props.max ?? topOf(series));
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
          <svg width={width} height={height} aria-hidden="true">
            <Axes plot={plot} steps={steps} format={format} />
            {(props.levels ?? none).map((level) => (
              <Level key={level.label} level={level} plot={plot} />
            ))}
            <Marks marks={marks} plot={plot} />
            {series.map((line, index) => (
              <OneLine key={line.id} line={line} index={index} plot={plot} partial={partial} />
            ))}
            {slot !== null && <Cursor slot={slot} series={series} plot={plot} />}
          </svg>
        )}
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

function Axes({ plot, steps, format }: { plot: Plot; steps: readonly number[]; format: (value: number) => string }) {
  const { ticks, withSeconds } = timeTicks(
    plot.times[0] ?? 0,
    plot.times.at(-1) ?? 0,
    Math.max(1, Math.min(6, (plot.right - plot.left) / 64)),
  );
  return (
    <g className="dd-chart-axes">
      <rect
        className="dd-chart-area"
        x={plot.left}
        y={plotMargin.top}
        width={plot.right - plot.left}
        height={plot.bottom - plotMargin.top}
        fill="none"
      />
      {steps.map((value) => (
        <g key={value}>
          <path className="dd-chart-grid" d={`M${plot.left} ${plot.y(value)}H${plot.right}`} />
          <text x={plot.left - 6} y={plot.y(value)} dy="0.32em" textAnchor="end">
            {format(value)}
          </text>
        </g>
      ))}
      {ticks.map((time) => (
        <text key={time} x={plot.x(time)} y={plot.bottom + 16} textAnchor="middle">
          {clockTick(time, withSeconds)}
        </text>
      ))}
    </g>
  );
}

function Level({ level: { value, label, tone }, plot }: { level: ChartLevel; plot: Plot }) {
  if (value <= 0 || value > plot.top) return null;
  const y = plot.y(value);
  return (
    <g className={`dd-chart-level tone-${tone}`}>
      <path d={`M${plot.left} ${y}H${plot.right}`} />
      <text x={plot.left + 4} y={y - 3}>
        {label}
      </text>
    </g>
  );
}

function Marks({ marks, plot }: { marks: readonly ChartMark[]; plot: Plot }) {
  return spaceMarks(marks, plot.times[0] ?? 0, plot.times.at(-1) ?? 0).map(({ mark, named, left }) => {
    const x = plot.x(mark.time);
    return (
      <g key={`${mark.time} ${mark.label}`} className={`dd-chart-mark tone-${mark.tone ?? 'info'}`}>
        <path d={`M${x} ${plotMargin.top}V${plot.bottom}`} />
        {named && (
          <text x={left ? x - 4 : x + 4} y={plotMargin.top + 9} textAnchor={left ? 'end' : 'start'}>
            {mark.label}
          </text>
        )}
      </g>
    );
  });
}

function OneLine({ line, index, plot, partial }: { line: ChartSeries; index: number; plot: Plot; partial: boolean }) {
  const color = colorOf(line, index);
  return (
    <g className="dd-chart-line" stroke={color}>
      {line.band && <path className="dd-chart-band" style={{ fill: color }} d={areaPath(plot, line.band.low, line.band.high)} />}
      {lineParts(line, partial).map(({ kind, values }) =>
        kind === 'alone' ? (
          values.map(
            (value, slot) =>
              value !== null && (
                <circle key={plot.times[slot]} cx={plot.x(plot.times[slot] ?? 0)} cy={plot.y(value)} r={2.4} fill={color} />
              ),
          )
        ) : (
          <path
            key={kind}
            data-part={kind}
            strokeDasharray={kind === 'whole' ? dashOf(line, index) : undefined}
            d={linePath(plot, values)}
          />
        ),
      )}
    </g>
  );
}

function Cursor({ slot, series, plot }: { slot: number; series: readonly ChartSeries[]; plot: Plot }) {
  const x = plot.x(plot.times[slot] ?? 0);
  return (
    <g className="dd-chart-cursor">
      <path d={`M${x} ${plotMargin.top}V${plot.bottom}`} />
      {series.map((line, index) => {
        const value = line.values[slot] ?? null;
        return value !== null && <circle key={line.id} cx={x} cy={plot.y(value)} r={3} fill={colorOf(line, index)} />;
      })}
    </g>
  );
}

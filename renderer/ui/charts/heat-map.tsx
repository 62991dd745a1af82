import { useEffect, useMemo, useRef, useState } from 'react';
import { useWidth } from '../use-width.ts';
import { type ChartMark, marksAt } from './chart-marks.ts';
import './charts.css';
import { bandTicks, clockTick, timeTicks } from './ticks.ts';

export interface HeatMapProps {
  /** What it shows, for assistive tools. */
  label: string;
  /** Epoch milliseconds of each slot. */
  times: readonly number[];
  /** Upper ends of the bands, rising. */
  bounds: readonly number[];
  /** `counts[slot][band]` */
  counts: readonly (readonly number[])[];
  /** The last slot goes on. */
  partial?: boolean;
  marks?: readonly ChartMark[];
  height?: number;
  format: (value: number) => string;
  /** Called with the slot's index. */
  onSelect?: (slot: number) => void;
}

const left = 52;
const right = 24;
const top = 10;
const bottom = 22;
const none: readonly never[] = [];

/** How many requests took how long, slot by slot: the darker, the more. Drawn by hand on one canvas; a tick is a redraw of a few thousand cells. */
export function HeatMap(props: HeatMapProps) {
  const { label, times, bounds, counts, partial = false, marks = none, height = 160, format, onSelect } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [box, width] = useWidth<HTMLElement>();
  const [over, setOver] = useState<{ slot: number; band: number } | null>(null);
  const most = useMemo(() => Math.max(1, ...counts.map((slot) => Math.max(0, ...slot))), [counts]);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(element);
    const color = (name: string) => style.getPropertyValue(name).trim() || 'gray';
    drawCells(context, { width, height, bounds, counts, most }, color('--series-1'));
    drawAxes(context, { width, height, times, bounds, format }, { text: color('--text-3'), line: color('--line') });
    if (partial) drawPartial(context, { width, height, slots: counts.length }, color('--stroke'));
    for (const mark of marks) drawMark(context, mark.time, times, { width, height }, color(`--${mark.tone ?? 'info'}`));
  });
  const at = (event: React.MouseEvent<HTMLCanvasElement>) => {
    const rect = event.currentTarget.getBoundingClientRect();
    const slot = Math.floor(((event.clientX - rect.left - left) / (width - left - right)) * times.length);
    const band = Math.floor((1 - (event.clientY - rect.top - top) / (height - top - bottom)) * bounds.length);
    return slot >= 0 && slot < times.length && band >= 0 && band < bounds.length ? { slot, band } : null;
  };
  return (
    <figure ref={box} className="dd-chart dd-heat" aria-label={label}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={describe(label, bounds, counts, format)}
        style={{ width, height }}
        onMouseMove={(event) => setOver(at(event))}
        onMouseLeave={() => setOver(null)}
        onClick={(event) => {
          const cell = at(event);
          if (cell) onSelect?.(cell.slot);
        }}
      />
      {over && (
        <div
          className="dd-chart-tip dd-heat-tip"
          style={{ left: Math.min(width - 150, left + (over.slot / times.length) * (width - left - right) + 12) }}
        >
          <div className="muted">
            {clockTick(times[over.slot] ?? 0, true)}
            {partial && over.slot === times.length - 1 ? ', so far' : ''}
          </div>
          {over.band === 0 ? '' : `${format(bounds[over.band - 1] ?? 0)} – `}
          {format(bounds[over.band] ?? 0)}: <b>{counts[over.slot]?.[over.band] ?? 0}</b>
          {marksAt(marks, times, over.slot).map((mark) => (
            <p key={`${mark.time} ${mark.label}`} className={`dd-chart-tip-mark tone-text tone-${mark.tone ?? 'info'}`}>
              ┊ {mark.detail ?? mark.label}
            </p>
          ))}
        </div>
      )}
    </figure>
  );
}

interface Cells {
  width: number;
  height: number;
  bounds: readonly number[];
  counts: readonly (readonly number[])[];
  most: number;
}

function drawCells(context: CanvasRenderingContext2D, { width, height, bounds, counts, most }: Cells, fill: string): void {
  if (bounds.length === 0 || counts.length === 0) return;
  const cellWidth = (width - left - right) / counts.length;
  const cellHeight = (height - top - bottom) / bounds.length;
  context.fillStyle = fill;
  counts.forEach((slot, index) => {
    slot.forEach((count, band) => {
      if (count === 0) return;
      // By the logarithm: a single slow request beside hundreds of fast ones is still seen.
      context.globalAlpha = 0.18 + 0.82 * (Math.log1p(count) / Math.log1p(most));
      const x = left + index * cellWidth;
      const y = height - bottom - (band + 1) * cellHeight;
      context.fillRect(x, y, Math.max(1, cellWidth - 0.5), Math.max(1, cellHeight - 0.5));
    });
  });
  context.globalAlpha = 1;
}

/** The column that is not over yet. */
function drawPartial(
  context: CanvasRenderingContext2D,
  { width, height, slots }: { width: number; height: number; slots: number },
  color: string,
): void {
  if (slots === 0) return;
  const cell = (width - left - right) / slots;
  context.strokeStyle = color;
  context.setLineDash([1.5, 3]);
  context.strokeRect(Math.round(width - right - cell) - 0.5, top, Math.max(2, cell), height - top - bottom);
  context.setLineDash([]);
}

function drawAxes(
  context: CanvasRenderingContext2D,
  chart: Pick<HeatMapProps, 'times' | 'bounds' | 'format'> & { width: number; height: number },
  colors: { text: string; line: string },
): void {
  const { width, height, times, bounds, format } = chart;
  const plotHeight = height - top - bottom;
  context.font = '10px "Inter Variable", system-ui, sans-serif';
  context.fillStyle = colors.text;
  context.strokeStyle = colors.line;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { value, share } of [{ value: 0, share: 0 }, ...bandTicks(bounds, 24 / plotHeight)]) {
    const y = Math.round(height - bottom - share * plotHeight) + 0.5;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(width - right, y);
    context.stroke();
    if (value > 0) context.fillText(format(value).replace(/\.0+(?= )/, ''), left - 6, y);
  }
  context.textBaseline = 'top';
  context.textAlign = 'center';
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  const { ticks, withSeconds } = timeTicks(first, last, Math.min(6, (width - left - right) / 56));
  for (const time of ticks) {
    const share = last === first ? 0 : (time - first) / (last - first);
    context.fillText(clockTick(time, withSeconds), left + share * (width - left - right), height - bottom + 6);
  }
}

function drawMark(
  context: CanvasRenderingContext2D,
  time: number,
  times: readonly number[],
  { width, height }: { width: number; height: number },
  color: string,
): void {
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  if (time < first || time > last || last === first) return;
  const x = Math.round(left + ((time - first) / (last - first)) * (width - left - right)) + 0.5;
  context.strokeStyle = color;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, height - bottom);
  context.stroke();
  context.setLineDash([]);
}

/** The picture in a sentence: how many requests, and where most of them lie. */
function describe(
  label: string,
  bounds: readonly number[],
  counts: HeatMapProps['counts'],
  format: HeatMapProps['format'],
): string {
  const perBand = bounds.map((_, band) => counts.reduce((sum, slot) => sum + (slot[band] ?? 0), 0));
  const total = perBand.reduce((sum, count) => sum + count, 0);
  const fullest = perBand.indexOf(Math.max(0, ...perBand));
  if (total === 0) return `${label}: no requests`;
  return `${label}: ${total} requests, most of them between ${format(fullest === 0 ? 0 : (bounds[fullest - 1] ?? 0))} and ${format(bounds[fullest] ?? 0)}, the slowest below ${format(bounds.at(-1) ?? 0)}`;
}

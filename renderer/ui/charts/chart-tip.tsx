import { type ChartMark, marksAt } from './chart-marks.ts';
import type { ChartSeries } from './line-parts.ts';
import { clockTick } from './ticks.ts';

/** A value that is told and not drawn. */
export interface ChartExtra {
  label: string;
  values: readonly (number | null)[];
  /** Default: the chart's. */
  format?: (value: number) => string;
}

/** One moment of a chart, and everything there is to say of it. */
export interface Moment {
  times: readonly number[];
  slot: number;
  series: readonly ChartSeries[];
  extras: readonly ChartExtra[];
  marks: readonly ChartMark[];
  partial: boolean;
  format: (value: number) => string;
}

export interface ChartTipProps extends Moment {
  /** What a click does here; '' for nothing. */
  note: string;
}

const maxMarks = 4;
const clock = (time: number) => clockTick(time, true);

/** One moment of a chart in words: values, what is not drawn, what happened, what a click does. */
export function ChartTip({ times, slot, series, extras, marks, partial, format, note }: ChartTipProps) {
  const near = marksAt(marks, times, slot);
  return (
    <div className="dd-chart-tip">
      <div className="muted">
        {clock(times[slot] ?? 0)}
        {partial && slot === times.length - 1 ? ', so far' : ''}
      </div>
      <dl>
        {series.map((line) => [
          <dt key={line.id} className={line.faint?.[slot] ? 'muted' : undefined}>
            {line.label}
          </dt>,
          <dd key={`${line.id}=`} className={line.faint?.[slot] ? 'muted' : undefined}>
            {valueWords(line.values[slot], format)}
            {bandWords(line, slot, format)}
          </dd>,
        ])}
        {extras.map((extra) => [
          <dt key={extra.label} className="muted">
            {extra.label}
          </dt>,
          <dd key={`${extra.label}=`} className="muted">
            {valueWords(extra.values[slot], extra.format ?? format)}
          </dd>,
        ])}
      </dl>
      {series.map(
        (line) =>
          line.faint?.[slot] &&
          typeof line.values[slot] === 'number' && (
            <p key={line.id} className="muted">
              {line.faintNote}
            </p>
          ),
      )}
      {near.slice(0, maxMarks).map((mark) => (
        <p key={`${mark.time} ${mark.label}`} className={`dd-chart-tip-mark tone-text tone-${mark.tone ?? 'info'}`}>
          ┊ {mark.detail ?? mark.label}
        </p>
      ))}
      {near.length > maxMarks && <p className="muted">and {near.length - maxMarks} more</p>}
      {note && <p className="muted">{note}</p>}
    </div>
  );
}

/** The same as one sentence. */
export function momentWords({ times, slot, series, extras, marks, partial, format }: Moment): string {
  if (slot < 0) return 'nothing yet';
  return [
    `${clock(times[slot] ?? 0)}${partial && slot === times.length - 1 ? ', so far' : ''}`,
    ...series.map((line) => `${line.label} ${valueWords(line.values[slot], format)}`),
    ...extras.map((extra) => `${extra.label} ${valueWords(extra.values[slot], extra.format ?? format)}`),
    ...marksAt(marks, times, slot).map((mark) => mark.detail ?? mark.label),
  ].join(', ');
}

const valueWords = (value: number | null | undefined, format: (value: number) => string) =>
  typeof value === 'number' ? format(value) : '–';

function bandWords({ band }: ChartSeries, slot: number, format: (value: number) => string): string {
  const [low, high] = [band?.low[slot], band?.high[slot]];
  return typeof low === 'number' && typeof high === 'number' && high > low ? ` (${format(low)} to ${format(high)})` : '';
}

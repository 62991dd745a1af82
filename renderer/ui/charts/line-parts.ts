/* Lines as a chart draws them: one series becomes up to four parts, each with a stroke of its own. */

export interface ChartSeries {
  id: string;
  label: string;
  /** One per time; null is a gap. */
  values: readonly (number | null)[];
  /** CSS variable; the default goes through --series-1 … 6. */
  color?: string;
  /** Tells lines apart without colour. */
  dash?: string;
  /** Slots whose value rests on too little: drawn pale. */
  faint?: readonly boolean[];
  /** What is said of a pale one. */
  faintNote?: string;
  /** Lowest and highest within each slot, drawn as a band behind the line. */
  band?: { low: readonly (number | null)[]; high: readonly (number | null)[] };
}

/**
 * `whole`: slots that have passed. `tail`: to the slot that goes on. `faint`: what rests on too little. `alone`: points between two gaps,
 * which no line would show.
 */
export type PartKind = 'whole' | 'tail' | 'faint' | 'alone';

export interface LinePart {
  kind: PartKind;
  values: (number | null)[];
}

/** The parts there are anything of. `partial`: the last slot goes on. */
export function lineParts(line: ChartSeries, partial: boolean): LinePart[] {
  return (['faint', 'whole', 'tail', 'alone'] as const)
    .map((kind) => ({ kind, values: line.values.map((value, slot) => (belongs(line, slot, kind, partial) ? value : null)) }))
    .filter(({ values }) => values.some((value) => value !== null));
}

function belongs(line: ChartSeries, slot: number, kind: PartKind, partial: boolean): boolean {
  const known = (at: number) => (line.values[at] ?? null) !== null;
  if (!known(slot)) return false;
  const isFaint = (at: number) => line.faint?.[at] === true;
  const last = line.values.length - 1;
  if (kind === 'alone') return !known(slot - 1) && !known(slot + 1);
  if (kind === 'tail') return partial && (slot === last || (slot === last - 1 && known(last)));
  if (partial && slot === last) return false;
  // Where pale and full meet, the step between them is pale.
  if (kind === 'faint') return isFaint(slot) || (isFaint(slot - 1) && known(slot - 1)) || (isFaint(slot + 1) && known(slot + 1));
  return !isFaint(slot);
}

/** The highest value that must fit. */
export function topOf(series: readonly ChartSeries[]): number {
  let top = 0;
  for (const { values, band } of series)
    for (const value of [...values, ...(band?.high ?? [])]) if (value !== null && value > top) top = value;
  return top;
}

/** SVG path through the points, begun anew after every gap. */
export function pathThrough(points: readonly ({ x: number | null; y: number | null } | null)[]): string {
  let path = '';
  let draws = false;
  for (const point of points) {
    const known = point !== null && point.x !== null && point.y !== null;
    if (known) path += `${draws ? 'L' : 'M'}${tenths(point.x)} ${tenths(point.y)}`;
    draws = known;
  }
  return path;
}

const tenths = (px: number | null): number => Math.round((px ?? 0) * 10) / 10;

/* Events on a chart: which of them are named, and which a pointer is at. */

export interface ChartMark {
  /** Epoch milliseconds. */
  time: number;
  label: string;
  /** What happened, in a sentence. */
  detail?: string;
  tone?: 'warn' | 'bad' | 'fault' | 'info';
}

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

/** Marks as near to this slot as to no other, oldest first. */
export function marksAt(marks: readonly ChartMark[], times: readonly number[], slot: number): ChartMark[] {
  const time = times[slot] ?? 0;
  const half = ((times[1] ?? 0) - (times[0] ?? 0)) / 2;
  return marks.filter((mark) => mark.time >= time - half && mark.time < time + half).sort((a, b) => a.time - b.time);
}

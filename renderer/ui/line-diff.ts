export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** From 1; 0 where the line is not in that text. */
  before: number;
  after: number;
}

/** Above this many comparisons the middle is told as replaced whole: a diff must not stop the page. */
const maxCells = 1_000_000;

/** Lines of two texts in one list: what went, what came, what stayed. Longest common subsequence of lines. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = before.split('\n');
  const now = after.split('\n');
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let tail = 0;
  while (tail < old.length - start && tail < now.length - start && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  const same = () => lines.push({ kind: 'same', text: old[i] ?? '', before: ++i, after: ++j });
  const removed = () => lines.push({ kind: 'removed', text: old[i] ?? '', before: ++i, after: 0 });
  const added = () => lines.push({ kind: 'added', text: now[j] ?? '', before: 0, after: ++j });
  while (i < start) same();
  const endOld = old.length - tail;
  const endNow = now.length - tail;
  const longest = commonLengths(old.slice(start, endOld), now.slice(start, endNow));
  while (i < endOld || j < endNow) {
    if (i < endOld && j < endNow && longest && old[i] === now[j]) same();
    else if (j >= endNow || (i < endOld && longest && longest(i - start + 1, j - start) >= longest(i - start, j - start + 1)))
      removed();
    else if (!longest && i < endOld) removed();
    else added();
  }
  while (i < old.length) same();
  return lines;
}

/** Length of the longest common part of what follows (i, j); null when that would take too long. */
function commonLengths(old: readonly string[], now: readonly string[]): ((i: number, j: number) => number) | null {
  const width = now.length + 1;
  if ((old.length + 1) * width > maxCells) return null;
  const table = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      table[i * width + j] =
        old[i] === now[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  return (i, j) => table[i * width + j] ?? 0;
}

/** Only the changes with `around` lines about them; null stands for lines left out. */
export function foldSame(lines: readonly DiffLine[], around = 3): (DiffLine | null)[] {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - around), at + around + 1).some((line) => line.kind !== 'same'));
  const folded: (DiffLine | null)[] = [];
  for (const [at, line] of lines.entries()) {
    if (near[at]) folded.push(line);
    else if (folded.at(-1) !== null) folded.push(null);
  }
  return folded;
}

import type { ReplayRules } from '../../api/replay.schema.ts';

/** The rules of a comparison, compiled. Paths are the concrete ones of a difference: `$.items[2].at`, `header:date`. */
export interface CompiledRules {
  ignored(path: string): boolean;
  /** The order of this array says nothing. */
  unordered(path: string): boolean;
  /** Both numbers are as good as equal. */
  tolerated(path: string, recorded: number, replayed: number): boolean;
  /** The same by what is known of a whole group: how far apart its numbers were at most. */
  toleratedDelta(path: string, delta: number | null, share: number | null): boolean;
}

interface Tolerance {
  test: RegExp;
  absolute: number;
  share: number;
}

const TOLERANCE = /^\s*(.+?)\s*(?:±|\+-|\+\/-)\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/;

/** Compiles rules; a sentence when one is not understood. */
export function compileRules(rules: Partial<ReplayRules>): CompiledRules | string {
  const ignore = (rules.ignore ?? []).filter((pattern) => pattern.trim() !== '').map((pattern) => pathTest(pattern, true));
  const unordered = (rules.unordered ?? []).filter((pattern) => pattern.trim() !== '');
  const unorderedTests = unordered.filter((pattern) => pattern !== '*').map((pattern) => pathTest(pattern, false));
  const anyOrder = unordered.includes('*');
  const tolerances: Tolerance[] = [];
  for (const text of rules.tolerance ?? []) {
    const match = TOLERANCE.exec(text);
    if (match === null)
      return `The tolerance "${text}" is not understood; write a path, ± and a number, e.g. $.total±0.01 or $.price±1%`;
    const value = Number(match[2]);
    const isShare = match[3] === '%';
    tolerances.push({ test: pathTest(match[1]!, true), absolute: isShare ? 0 : value, share: isShare ? value / 100 : 0 });
  }
  const allows = (path: string, delta: number, share: number) =>
    // A hair of slack: 0.1 + 0.2 is 0.30000000000000004.
    tolerances.some(
      (t) => t.test.test(path) && (delta <= t.absolute * (1 + 1e-9) + 1e-12 || (t.share > 0 && share <= t.share * (1 + 1e-9))),
    );
  return {
    ignored: (path) => ignore.some((test) => test.test(path)),
    unordered: (path) => anyOrder || unorderedTests.some((test) => test.test(path)),
    tolerated: (path, recorded, replayed) => {
      const delta = Math.abs(replayed - recorded);
      return tolerances.length > 0 && allows(path, delta, shareOf(delta, recorded));
    },
    toleratedDelta: (path, delta, share) => delta !== null && allows(path, delta, share ?? Number.POSITIVE_INFINITY),
  };
}

/** Of a difference, relative to the recorded value. */
export function shareOf(delta: number, recorded: number): number {
  return recorded === 0 ? (delta === 0 ? 0 : Number.POSITIVE_INFINITY) : delta / Math.abs(recorded);
}

/** `$.items[*].at` covers the member in every element, and what lies below; `header` covers every header. */
function pathTest(pattern: string, below: boolean): RegExp {
  const escaped = pattern
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('\\[\\*\\]', '\\[(?:\\d+|\\*)\\]');
  return new RegExp(`^${escaped}(?:$${below ? '|[.[:]' : ''})`, 'i');
}

/** Where calls are grouped, it does not matter in which element: `$.items[3].at` → `$.items[*].at`. */
export function withoutIndexes(path: string): string {
  return path.replace(/\[\d+\]/g, '[*]');
}

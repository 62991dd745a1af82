/** A part of a recording, milliseconds from its beginning; `to` belongs to it. null: all of it. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** Where between the ends of a strip `x` lies, as time. */
export function timeAt(x: number, width: number, lengthMs: number): number {
  return Math.round(Math.max(0, Math.min(1, width === 0 ? 0 : x / width)) * lengthMs);
}

/** Between two moments in either order; null when that is no part worth the name. */
export function rangeBetween(a: number, b: number, lengthMs: number): TimeRange | null {
  const fromMs = Math.max(0, Math.min(a, b));
  const toMs = Math.min(lengthMs, Math.max(a, b));
  return toMs - fromMs < lengthMs / 500 ? null : { fromMs, toMs };
}

/** `1.5` → 1500; null when it is no number of seconds. */
export function parseSeconds(text: string): number | null {
  const trimmed = text.trim().replace(/\s*s$/, '');
  if (!/^\d+([.,]\d+)?$/.test(trimmed)) return null;
  return Math.round(Number(trimmed.replace(',', '.')) * 1000);
}

/** 1500 → `1.5`. */
export function writeSeconds(ms: number): string {
  return String(Number((ms / 1000).toFixed(3)));
}

/** The range as the API takes it; `until` is exclusive there. */
export function rangeQuery(range: TimeRange | null, firstAt: string | null): { since?: string; until?: string } {
  if (range === null || firstAt === null) return {};
  const start = Date.parse(firstAt);
  return { since: new Date(start + range.fromMs).toISOString(), until: new Date(start + range.toMs + 1).toISOString() };
}

const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `1.5s`, `1h30m` (Go's syntax) → milliseconds; null when it is not a duration. `0` and `0s` are 0. */
export function parseDurationMs(text: string): number | null {
  if (text === '0') return 0;
  if (text.length > 64 || !/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) total += Number(amount) * unitMs[unit!]!;
  // Nanosecond parts leave dust in binary floating point; no reader needs more than a microsecond.
  return Math.round(total * 1e6) / 1e6;
}

/** Milliseconds → the shortest exact Go duration: 1500 → `1.5s`, 90000 → `90s`, 3600000 → `1h`. */
export function formatDurationMs(ms: number): string {
  if (ms === 0) return '0s';
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms >= 1000 ? `${ms / 1000}s` : `${ms}ms`;
}

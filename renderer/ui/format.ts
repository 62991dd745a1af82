/** Numbers and times as people read them. All take plain values and are used with tabular numerals. */

// Making a format anew costs far more than using it.
const grouped = new Intl.NumberFormat('en-US');

/** 0.42 → `0.42 ms`, 12.34 → `12.3 ms`, 345 → `345 ms`, 2345 → `2.35 s`, 125000 → `2m 05s`. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '–';
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)}m ${String(Math.floor((ms % 60_000) / 1000)).padStart(2, '0')}s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${formatMsNumber(ms)} ms`;
}

/** Without the unit, for a column headed "ms". */
export function formatMsNumber(ms: number): string {
  if (ms < 10) return ms.toFixed(2);
  if (ms < 100) return ms.toFixed(1);
  return grouped.format(Math.round(ms));
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A share 0..1: `0 %`, `0.04 %`, `9.6 %`, `31 %`. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return '–';
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return `${percent.toFixed(2)} %`;
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Requests per second: `0`, `0.4`, `12.5`, `2,134`. */
export function formatRate(rate: number): string {
  if (rate === 0) return '0';
  if (rate < 0.1) return '<0.1';
  return rate < 100 ? String(Math.round(rate * 10) / 10) : grouped.format(Math.round(rate));
}

export function formatCount(count: number): string {
  return grouped.format(count);
}

/** `12:04:01.337` in the user's time zone. */
export function formatClock(time: string | number, withMs = true): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '–';
  const two = (value: number) => String(value).padStart(2, '0');
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMs ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

/** What is left or has passed, coarse: `41 s`, `9 min`, `2 h 05 min`, `3 d`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} d`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

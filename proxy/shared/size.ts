const unitBytes: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1000,
  KiB: 1024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
};

/** `512`, `1KiB`, `2 MB` or a number → whole bytes; null when it is not a size. */
export function parseSizeBytes(value: string | number): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : null;
  const found = /^(\d+(?:\.\d+)?)\s*(B|KB|KiB|MB|MiB|GB|GiB)?$/.exec(value);
  return found ? Math.round(Number(found[1]) * unitBytes[found[2] ?? '']!) : null;
}

/** `1%`, `0.5%` or a number 0..100 → percent; null when it is neither. */
export function parsePercent(value: string | number): number | null {
  const percent = typeof value === 'number' ? value : /^\d+(\.\d+)?%$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
  return percent >= 0 && percent <= 100 ? percent : null;
}

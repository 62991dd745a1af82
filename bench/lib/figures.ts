/** Value below which the share (0..1) of the values lies; NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Prints one figure with what is asked of it; a miss makes the command fail. */
export function judge(name: string, value: number, unit: string, isMet: (value: number) => boolean, wanted: string): void {
  const met = isMet(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  console.log(`${met ? 'ok  ' : 'MISS'} ${name}: ${value.toFixed(digits)} ${unit} (wanted ${wanted})`);
  if (!met) process.exitCode = 1;
}

/** `--name=value` from the command line, or the default. */
export function numberOption(name: string, byDefault: number): number {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found === undefined ? byDefault : Number(found.slice(name.length + 3));
}

/** `--name=one,two` from the command line, or the default. */
export function listOption(name: string, byDefault: readonly string[]): readonly string[] {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found === undefined ? byDefault : found.slice(name.length + 3).split(',');
}

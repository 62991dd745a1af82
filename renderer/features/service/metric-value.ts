import type { AppMetric } from '../../../proxy/api/app-metric.schema.ts';
import { formatBytes, formatMs } from '../../ui/format.ts';

/** A map: an app names its units as it likes. */
const msPerUnit: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1000, ms: 1, us: 0.001, ns: 0.000001 }));

/** A value in its unit (UCUM), as people read it: bytes and times scaled, `{request}` without its braces. */
export function metricValue({ value, unit }: Pick<AppMetric, 'value' | 'unit'>): string {
  if (value === null) return '–';
  const perUnit = msPerUnit.get(unit);
  if (perUnit !== undefined && value >= 0) return formatMs(value * perUnit);
  if (unit === 'By' && value >= 0) return formatBytes(Math.round(value));
  const number = value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 1 ? 4 : 2 });
  const words = unit === '1' ? '' : unit.replace(/[{}]/g, '');
  return words === '' ? number : `${number} ${words}`;
}

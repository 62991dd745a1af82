import type { FieldVerdict } from '../../api/replay.schema.ts';
import { fisherExact } from './fisher.ts';

/** Fewer calls than this prove nothing by Diffy's rule. */
const PROVEN_FROM = 30;
const ALPHA = 0.05;

/**
 * Is a field different, or does it differ by itself? `raw` calls of `total` differed from what they were compared with, `noise` calls of
 * `noiseTotal` differed between two sendings of the very same. From 30 calls on by the rule of Twitter's Diffy: raw > noise, by more than 20 % of
 * both together and by more than 0.03 % of all calls. With fewer by Fisher's exact test; what is not significant there is `unproven`.
 */
export function judgeField(raw: number, total: number, noise: number, noiseTotal: number): Omit<FieldVerdict, 'path'> {
  const counts = { raw, noise, total };
  if (noiseTotal === 0) return { ...counts, verdict: 'different', p: null };
  // Both may have been counted over different numbers of calls: writes are sent twice only when that was allowed.
  const scaled = (noise * total) / noiseTotal;
  if (raw <= scaled) return { ...counts, verdict: 'noise', p: null };
  if (total >= PROVEN_FROM && noiseTotal >= PROVEN_FROM) {
    const apart = raw - scaled;
    const isDifferent = apart / (raw + scaled) > 0.2 && apart / total > 0.0003;
    return { ...counts, verdict: isDifferent ? 'different' : 'noise', p: null };
  }
  const p = fisherExact(raw, total, noise, noiseTotal);
  return { ...counts, verdict: p <= ALPHA ? 'different' : 'unproven', p };
}

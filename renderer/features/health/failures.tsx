import { defaultHealthThresholds, type HealthThresholds } from '../../../proxy/api/health.ts';
import { useGraph } from '../../engine/use-engine.ts';
import { type FailureShares, failureWords, type Health, markErrors } from './health-marks.ts';

/** What the mesh in force calls degraded and failing. */
export const useThresholds = (): HealthThresholds => useGraph()?.thresholds ?? defaultHealthThresholds;

/** The share of failed requests, marked when it is too much. */
export function Failures({ shares }: { shares: FailureShares }) {
  const thresholds = useThresholds();
  const mark = markErrors(shares, thresholds);
  const words = failureWords(shares, thresholds);
  if (!mark) return <span>{words}</span>;
  return (
    <span className={`tone-text tone-${mark.tone}`}>
      <span aria-hidden="true">{mark.glyph} </span>
      {words}
    </span>
  );
}

/** A state: its glyph and word, in its colour. */
export function HealthWord({ health: { glyph, word, tone } }: { health: Health }) {
  return (
    <span className={`dd-word tone-text tone-${tone}`}>
      <span aria-hidden="true">{glyph}</span> {word}
    </span>
  );
}

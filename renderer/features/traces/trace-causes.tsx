import { causeWords, describeShare } from '../../../proxy/api/cause-words.ts';
import type { CauseShare } from '../../../proxy/api/critical-path.ts';
import { formatMs, formatShare } from '../../ui/index.ts';

/** Where the time went, as one bar and in words; the parts add up to the trace's length. */
export function TraceCauses({ causes, durationMs }: { causes: readonly CauseShare[]; durationMs: number }) {
  if (durationMs <= 0) return null;
  return (
    <section className="trace-causes" data-testid="trace-causes" aria-label="Where the time went">
      <div className="trace-causes-bar" aria-hidden="true">
        {causes.map((share) => (
          <i
            key={describeShare(share)}
            className={`tone-${causeWords[share.cause].tone}`}
            data-cause={share.cause}
            style={{ flexGrow: share.ms }}
          />
        ))}
      </div>
      <ul className="num">
        {causes.map((share) => (
          <li key={describeShare(share)} title={causeWords[share.cause].explain}>
            <span className={`tone-${causeWords[share.cause].tone} tone-text`} aria-hidden="true">
              {causeWords[share.cause].glyph}
            </span>{' '}
            {describeShare(share)} <b>{formatMs(share.ms)}</b> <span className="muted">{formatShare(share.ms / durationMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

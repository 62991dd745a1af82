import { formatMs } from '../../ui/index.ts';

/** `▲ +35 ms`, `▼ −4 ms`, `≈ same`: longer is worth a look, shorter is good. */
export function Delta({ ms }: { ms: number }) {
  if (Math.abs(ms) < 0.5) return <span className="muted">≈ same</span>;
  return (
    <span className={`tone-${ms > 0 ? 'warn' : 'ok'} tone-text`}>{`${ms > 0 ? '▲ +' : '▼ −'}${formatMs(Math.abs(ms))}`}</span>
  );
}

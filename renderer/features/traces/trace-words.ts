import type { Cause, CauseShare } from '../../../proxy/api/critical-path.ts';
import type { Tone } from '../../ui/index.ts';

export const causeWords: Record<Cause, { glyph: string; tone: Tone; explain: string }> = {
  app: { glyph: '●', tone: 'accent', explain: 'The app itself was at work, or was waiting for something outside the mesh.' },
  proxy: { glyph: '▨', tone: 'neutral', explain: 'Sidecars and the way between them.' },
  fault: { glyph: '⚡', tone: 'fault', explain: 'A delay Drydock injected.' },
  backoff: { glyph: '↻', tone: 'warn', explain: 'The wait before another attempt.' },
  connect: { glyph: '⇄', tone: 'info', explain: 'Opening a connection, TLS included.' },
  aside: {
    glyph: '⤳',
    tone: 'neutral',
    explain: 'Only work went on that nobody waited for, such as that of a message’s reader.',
  },
  unmeasured: { glyph: '◌', tone: 'neutral', explain: 'No span covers this time: somebody did not pass on the trace headers.' },
};

export function describeShare({ cause, who }: CauseShare): string {
  if (cause === 'app') return `${who} app`;
  if (cause === 'fault') return 'injected fault';
  if (cause === 'aside') return 'after the answer';
  return cause === 'proxy' ? 'proxies' : cause;
}

/** Of the charts' colours; the red one is left to what failed. */
const series = [1, 2, 3, 4, 6] as const;

/** A colour per service, in order of appearance; beyond five they repeat, and the name beside the bar tells them apart. */
export function colourServices(services: Iterable<string>): (service: string) => string {
  const order = new Map<string, number>();
  for (const service of services) if (!order.has(service)) order.set(service, order.size);
  return (service) => `var(--series-${series[(order.get(service) ?? 0) % series.length]})`;
}

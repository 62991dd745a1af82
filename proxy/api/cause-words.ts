import type { Cause, CauseShare } from './critical-path.ts';

/* What a cause of time is called, on the page and in the terminal. */

export const causeWords: Record<
  Cause,
  { glyph: string; tone: 'accent' | 'neutral' | 'fault' | 'warn' | 'info'; explain: string }
> = {
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

import { PlugZap, RotateCw } from 'lucide-react';
import type { StreamState } from '../engine/stream.ts';
import { useEngine, useStore } from '../engine/use-engine.ts';
import { Button } from '../ui/button.tsx';

/** Says calmly, in words, why nothing moves. Nothing at all while everything is well. */
export function ConnectionBanner() {
  const engine = useEngine();
  const stream = useStore(engine.stream);
  const process = useStore(engine.process);
  const gaps = useStore(engine.gaps);
  const desktop = window.drydock !== undefined;
  if (stream.phase === 'live') {
    const missed = gaps.exchanges ?? 0;
    if (missed === 0) return null;
    return (
      // A new number begins its minute anew.
      <div key={missed} className="banner banner-passing tone-info" role="status">
        More traffic than this window can show: {missed.toLocaleString('en-US')} requests were left out of the live view. The
        engine kept them.
      </div>
    );
  }
  if (stream.phase === 'connecting' && stream.attempt < 2) return null;
  return (
    <div className="banner tone-warn" role="status" data-testid="connection-banner">
      {stream.phase === 'absent' ? <PlugZap size={14} aria-hidden="true" /> : <RotateCw size={14} aria-hidden="true" />}
      <span className="grow">{describe(stream.phase, desktop, process)}</span>
      {stream.phase !== 'silent' && (
        <Button size="small" onClick={() => engine.connect()}>
          Try now
        </Button>
      )}
    </div>
  );
}

function describe(
  phase: Exclude<StreamState['phase'], 'live'>,
  desktop: boolean,
  process: { state: string; message: string } | null,
): string {
  if (process && (process.state === 'failed' || process.state === 'stopped'))
    return process.message || (process.state === 'failed' ? 'The engine failed to start.' : 'The engine is stopped.');
  if (phase === 'absent')
    return desktop
      ? 'Waiting for the engine to start…'
      : 'This page has no key to the engine. Open it with “npx drydock open”, which adds the key to the address.';
  if (phase === 'silent')
    return 'The engine is connected but says nothing: it is stopped, or too busy. What you see is from before.';
  if (phase === 'connecting') return 'The engine does not answer yet. Trying again…';
  return 'Engine restarted or stopped, reconnecting… What you see is from before.';
}

import { useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, Notice, plural } from '../../ui/index.ts';
import { concurrencyOf, emptyOptions, type ReplayOptions, remoteHost, toRequest } from './replay-options.ts';
import { type Change, Comparison, planWords, Target, Timing, Variables } from './replay-parts.tsx';
import './replays.css';

export function ReplayDialog({
  open,
  recording,
  onClose,
  onStarted,
}: {
  open: boolean;
  recording: Recording;
  onClose: () => void;
  onStarted: () => void;
}) {
  const engine = useEngine();
  const [options, setOptions] = useState<ReplayOptions>(emptyOptions);
  const [error, setError] = useState('');
  const plan = useCall('planReplay', open ? { params: { id: recording.id } } : null).data;
  const change: Change = (part) => setOptions((before) => ({ ...before, ...part }));
  const start = async () => {
    try {
      await engine.call('startReplay', { params: { id: recording.id }, body: toRequest(options) });
      setError('');
      onStarted();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  const parts = { options, change, plan };
  const unconfirmed = (plan?.remoteHosts ?? []).some((host) => !options.confirmed.includes(host));
  const wrong = Number.isNaN(concurrencyOf(options));
  const waits = unconfirmed || wrong || (remoteHost(options) !== '' && !options.allowRemote);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      size="wide"
      title={`Replay ${recording.name}`}
      description={plan === null ? 'Looking at what it holds…' : planWords(plan)}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="replay-submit" disabled={waits} onClick={() => void start()}>
            {`Replay ${plural(plan?.calls ?? recording.calls, 'call')}`}
          </Button>
        </>
      }
    >
      <div className="rpl-form">
        <Timing {...parts} />
        <Target {...parts} />
        <Variables {...parts} />
        <Comparison {...parts} />
        {plan?.notes.map(({ text, calls }) => (
          <Notice key={text} tone="warn">
            {plural(calls, 'call')}: {text}
          </Notice>
        ))}
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

import { useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import { useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, Dialog, Field, Input, Notice, Select } from '../../ui/index.ts';

type Speed = '1' | '2' | '10' | '0';
const speeds: readonly { value: Speed; label: string }[] = [
  { value: '1', label: 'As it was' },
  { value: '2', label: 'Twice as fast' },
  { value: '10', label: 'Ten times as fast' },
  { value: '0', label: 'As fast as possible' },
];

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
  const targets = useVersionTargets();
  const [speed, setSpeed] = useState<Speed>('10');
  const [to, setTo] = useState('');
  const [ignore, setIgnore] = useState('');
  const [error, setError] = useState('');
  const start = async () => {
    try {
      const paths = ignore
        .split(',')
        .map((path) => path.trim())
        .filter((path) => path !== '');
      const body = { speed: Number(speed), diff: true, ignore: paths, ...(to === '' ? {} : { to }) };
      await engine.call('startReplay', { params: { id: recording.id }, body });
      setError('');
      onStarted();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Replay ${recording.name}`}
      description="The calls nobody in the recording caused are sent again from where they came; services make their own calls."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="replay-submit" onClick={() => void start()}>
            Replay
          </Button>
        </>
      }
    >
      <div className="col rec-form">
        <Field label="Speed">{({ id }) => <Select id={id} value={speed} options={speeds} onChange={setSpeed} />}</Field>
        <Field label="Send to" hint="Calls to that service go straight to the version you name.">
          {({ id }) => (
            <Select
              id={id}
              value={to}
              options={[{ value: '', label: 'Whatever the routes decide' }, ...targets]}
              onChange={setTo}
            />
          )}
        </Field>
        <Field label="Leave out of the comparison" hint="JSON paths and headers, e.g. $.id, $.items[*].at, header:etag">
          {(ids) => <Input {...ids} value={ignore} onChange={(event) => setIgnore(event.target.value)} placeholder="nothing" />}
        </Field>
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

/** `reviews=v2` for each version of each service that has several. */
function useVersionTargets(): { value: string; label: string }[] {
  const status = useStatus();
  const versions = new Set<string>();
  for (const workload of status?.workloads ?? [])
    if (workload.version !== '') versions.add(`${workload.service}=${workload.version}`);
  return [...versions].sort().map((target) => ({ value: target, label: target.replace('=', ' ') }));
}

import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import type { WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, formatRate, useToasts } from '../../ui/index.ts';

/** Starts a process that Drydock runs anew, after saying what that interrupts. `rate`: tries a second it gets now; null when nobody knows. */
export function RestartButton({ workload, rate }: { workload: WorkloadStatus; rate: number | null }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const { id, process } = workload;
  const isRunning = process?.pid !== null && process?.pid !== undefined;
  const restart = async () => {
    setBusy(true);
    setAsking(false);
    try {
      await engine.call('restartWorkload', { params: { id } });
      toasts.ok(`${id} restarts`);
    } catch (error) {
      toasts.error(`${id} was not restarted`, error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        size="small"
        icon={<RotateCw size={12} />}
        disabled={busy}
        data-testid="restart-workload"
        onClick={() => (isRunning ? setAsking(true) : void restart())}
      >
        {isRunning ? 'Restart' : 'Start'}
      </Button>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Restart ${id}?`}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>Let it run</Button>
            <Button variant="danger" data-testid="restart-confirm" onClick={() => void restart()}>
              Restart
            </Button>
          </>
        }
      >
        <p>
          {rate ? `It gets ${formatRate(rate)} tries a second now. ` : 'It gets nothing now. '}
          Until it is ready again, calls to it fail, and are retried elsewhere as far as its callers’ policies say so.
        </p>
      </Dialog>
    </>
  );
}

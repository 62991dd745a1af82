import { ArrowDownToLine, RotateCw } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, EmptyState, ErrorState, formatClock, formatSpan, Panel, Segments, Skeleton, useToasts } from '../../ui/index.ts';

/** What the processes that Drydock runs print, and the button that restarts them. */
export function OutputPanel({ workloads }: { workloads: readonly WorkloadStatus[] }) {
  const own = workloads.filter(({ process }) => process !== undefined);
  const [chosen, setChosen] = useState<string | null>(null);
  const workload = own.find(({ id }) => id === chosen) ?? own[0];
  if (!workload) return null;
  return (
    <Panel
      title="Output"
      hint={describeProcess(workload)}
      flush
      actions={
        <>
          {own.length > 1 && (
            <Segments
              label="Instance"
              value={workload.id}
              options={own.map(({ id }) => ({ value: id, label: id }))}
              onChange={setChosen}
            />
          )}
          <RestartButton id={workload.id} />
        </>
      }
    >
      <Output key={workload.id} id={workload.id} />
    </Panel>
  );
}

function describeProcess({ process }: WorkloadStatus): string {
  if (!process) return '';
  const parts = [process.command, process.pid === null ? 'not running' : `pid ${process.pid}`];
  if (process.startedAt && process.pid !== null) parts.push(`up ${formatSpan(Date.now() - Date.parse(process.startedAt))}`);
  if (process.restarts > 0) parts.push(`restarted ${process.restarts} ×`);
  return parts.join(' · ');
}

function RestartButton({ id }: { id: string }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const restart = async () => {
    setBusy(true);
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
    <Button
      size="small"
      icon={<RotateCw size={12} />}
      disabled={busy}
      data-testid="restart-workload"
      onClick={() => void restart()}
    >
      Restart
    </Button>
  );
}

function Output({ id }: { id: string }) {
  const [follow, setFollow] = useState(true);
  const { data, error, reload } = useCall('getWorkloadOutput', { params: { id } }, 1000);
  const box = useRef<HTMLDivElement>(null);
  const last = data?.lines.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is the signal.
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, last?.time, last?.text, data?.lines.length]);
  if (error && !data) return <ErrorState title="No output" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={5} />;
  if (data.lines.length === 0) return <EmptyState title="It has printed nothing yet" />;
  return (
    <div className="service-output">
      <section
        ref={box}
        className="service-output-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard.
        tabIndex={0}
        aria-label={`Output of ${id}`}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
          setFollow(scrollTop + clientHeight >= scrollHeight - 4)
        }
      >
        {data.lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity; the kept window moves as a whole.
          <div key={index} className="service-output-line" data-stream={line.stream}>
            <time>{formatClock(line.time, false)}</time>
            <span className="service-output-stream">{line.stream === 'stdout' ? '' : line.stream}</span>
            <span>{line.text}</span>
          </div>
        ))}
      </section>
      {!follow && (
        <Button
          size="small"
          className="service-output-follow"
          icon={<ArrowDownToLine size={12} />}
          onClick={() => setFollow(true)}
        >
          Follow
        </Button>
      )}
    </div>
  );
}

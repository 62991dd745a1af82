import { ArrowDownToLine, Terminal } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState, ErrorState, formatClock, formatSpan, Panel, Segments, Skeleton } from '../../ui/index.ts';
import { useHeld } from '../../ui/pointed.ts';
import { RestartButton } from './restart-button.tsx';

/** What the processes that Drydock runs print, and the button that restarts them. */
export function OutputPanel({
  workloads,
  rate,
}: {
  workloads: readonly WorkloadStatus[];
  /** Requests a second of the service. */
  rate: number;
}) {
  const router = useRouter();
  const { query } = useRoute();
  const own = workloads.filter(({ process }) => process !== undefined);
  const workload = own.find(({ id }) => id === query.get('instance')) ?? own[0];
  if (!workload) return <NotRun workloads={workloads} />;
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
              onChange={(id) => router.setQuery({ instance: id })}
            />
          )}
          <RestartButton workload={workload} rate={rate / own.length} />
        </>
      }
    >
      <Output key={workload.id} id={workload.id} />
    </Panel>
  );
}

function NotRun({ workloads }: { workloads: readonly WorkloadStatus[] }) {
  return (
    <EmptyState icon={Terminal} title="Drydock does not run it">
      {workloads.length === 0
        ? 'It has no instance, so nothing prints.'
        : 'Its output is where you have started it. With run: in its workload Drydock starts it, restarts it, and keeps what it prints here.'}
      {workloads.length > 0 && <Code text={`workloads: [{run: 'npm start', address: '${workloads[0]?.app ?? ''}'}]`} />}
    </EmptyState>
  );
}

function describeProcess({ process }: WorkloadStatus): string {
  if (!process) return '';
  const parts = [process.command, process.pid === null ? 'not running' : `pid ${process.pid}`];
  if (process.startedAt && process.pid !== null) parts.push(`up ${formatSpan(Date.now() - Date.parse(process.startedAt))}`);
  if (process.restarts > 0) parts.push(`restarted ${process.restarts} ×`);
  return parts.join(' · ');
}

function Output({ id }: { id: string }) {
  const [follow, setFollow] = useState(true);
  const { paused } = usePreferences();
  const { data, error, reload } = useCall('getWorkloadOutput', { params: { id } }, paused ? undefined : 1000);
  const box = useRef<HTMLDivElement>(null);
  // Only so many lines are kept: what is read would go up and away with each new one.
  const lines = useHeld(data?.lines, !follow);
  const last = lines?.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is the signal.
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follow, last?.time, last?.text, lines?.length]);
  if (error && !data) return <ErrorState title="The output cannot be read" message={error} onRetry={reload} />;
  if (!lines) return <Skeleton lines={5} />;
  if (lines.length === 0) return <EmptyState title="It has printed nothing yet" />;
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
        {lines.map((line, index) => (
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

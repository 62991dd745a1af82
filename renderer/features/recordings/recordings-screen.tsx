import { Disc } from 'lucide-react';
import { useEffect } from 'react';
import { useRoute, useRouter } from '../../app/router.ts';
import { useEngine, useReading, useRecordings } from '../../engine/use-engine.ts';
import { EmptyState, ErrorState, Skeleton, Toolbar } from '../../ui/index.ts';
import { ImportButton } from './import-button.tsx';
import { RecordBar, RecordMinute, RunningRecordings } from './record-bar.tsx';
import { RecordingDetail } from './recording-detail.tsx';
import { RecordingList } from './recording-list.tsx';
import './recordings.css';

const countsEveryMs = 1000;

/** Traffic one can keep: what was recorded on the left, one recording with its exchanges, replays and stand-ins on the right. */
export default function RecordingsScreen() {
  const engine = useEngine();
  const recordings = useRecordings();
  const { query } = useRoute();
  const router = useRouter();
  const selected = recordings.find((r) => r.id === query.get('id')) ?? null;
  const select = (id: string) => router.setQuery({ id, tab: undefined, replay: undefined }, { push: true });
  const reading = useReading('recordings');
  const running = recordings.filter((r) => r.state === 'recording');
  const isRunning = running.length > 0;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => void engine.refreshRecordings(), countsEveryMs);
    return () => clearInterval(timer);
  }, [engine, isRunning]);
  return (
    <div className="screen rec">
      <Toolbar title="Recordings">
        <RecordBar onStarted={select} />
        <div className="grow" />
        <ImportButton onImported={select} />
      </Toolbar>
      <RunningRecordings running={running} onStopped={select} />
      {!reading.done && reading.error !== null ? (
        <ErrorState
          title="The recordings cannot be read"
          message={reading.error}
          onRetry={() => void engine.refreshRecordings()}
        />
      ) : !reading.done ? (
        <Skeleton lines={8} />
      ) : recordings.length === 0 ? (
        <EmptyState icon={Disc} title="Nothing recorded yet" actions={<RecordMinute onStarted={select} />}>
          A recording keeps every hop with its timing, headers and bodies; secrets are redacted before anything is written. It can
          be replayed, compared, and stand in for a service.
        </EmptyState>
      ) : (
        <div className="rec-split">
          <RecordingList recordings={recordings} selectedId={selected?.id ?? null} onSelect={select} />
          <div className="rec-detail">
            {selected ? (
              <RecordingDetail
                key={selected.id}
                recording={selected}
                onDeleted={() => router.setQuery({ id: undefined, tab: undefined, replay: undefined })}
                onMade={select}
              />
            ) : (
              <NoneSelected gone={query.get('id') !== null} />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function NoneSelected({ gone }: { gone: boolean }) {
  if (gone) return <EmptyState title="This recording is no longer here">It was deleted. Select another one.</EmptyState>;
  return <EmptyState title="Select a recording">Its exchanges, replays and differences appear here.</EmptyState>;
}

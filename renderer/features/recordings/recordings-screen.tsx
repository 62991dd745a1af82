import { CircleStop, Disc, Import } from 'lucide-react';
import { useRef, useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useEngine, useRecordings } from '../../engine/use-engine.ts';
import { Button, EmptyState, formatBytes, formatCount, Input, Toolbar, useToasts } from '../../ui/index.ts';
import { RecordingDetail } from './recording-detail.tsx';
import { filterWords, spanWords } from './recording-words.ts';
import './recordings.css';

/** Traffic one can keep: what was recorded on the left, one recording with its replays on the right. */
export default function RecordingsScreen() {
  const recordings = useRecordings();
  const { query } = useRoute();
  const router = useRouter();
  const selected = recordings.find((r) => r.id === query.get('id')) ?? null;
  const select = (id: string) => router.setQuery({ id }, { push: true });
  return (
    <div className="screen rec">
      <Toolbar title="Recordings">
        <RecordBar onStarted={select} running={recordings.filter((r) => r.state === 'recording')} />
        <div className="grow" />
        <ImportButton onImported={select} />
      </Toolbar>
      {recordings.length === 0 ? (
        <EmptyState icon={Disc} title="Nothing recorded yet">
          Give it a name and press <b>Record</b>, or take the next minute. Recordings keep every hop with its timing; secrets are
          redacted before anything is written.
        </EmptyState>
      ) : (
        <div className="rec-split">
          <ul className="rec-list" aria-label="Recordings">
            {recordings.map((recording) => (
              <li key={recording.id}>
                <RecordingRow
                  recording={recording}
                  selected={recording.id === selected?.id}
                  onSelect={() => select(recording.id)}
                />
              </li>
            ))}
          </ul>
          <div className="rec-detail">
            {selected ? (
              <RecordingDetail key={selected.id} recording={selected} onDeleted={() => router.setQuery({ id: undefined })} />
            ) : (
              <EmptyState title="Select a recording">Its exchanges, replays and differences appear here.</EmptyState>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function RecordingRow({ recording, selected, onSelect }: { recording: Recording; selected: boolean; onSelect: () => void }) {
  const live = recording.state === 'recording';
  return (
    <button
      type="button"
      className="rec-row"
      aria-pressed={selected}
      data-testid={`recording-row-${recording.name}`}
      onClick={onSelect}
    >
      <span className="rec-row-name truncate">
        {live && <span className="tone-bad tone-text">● </span>}
        {recording.name}
      </span>
      <span className="rec-row-count num">{formatCount(recording.exchanges)}</span>
      <span className="rec-row-facts soft truncate">
        {live ? 'recording' : spanWords(recording)} · {filterWords(recording.filter)}
      </span>
      <span className="soft num">{formatBytes(recording.bytes)}</span>
    </button>
  );
}

function RecordBar({ running, onStarted }: { running: Recording[]; onStarted: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [name, setName] = useState('');
  const [to, setTo] = useState('');
  const start = async (forText?: string) => {
    try {
      const chosen = name.trim() || `recording-${new Date().toISOString().slice(11, 19).replaceAll(':', '-')}`;
      const filter = to.trim() === '' ? undefined : { to: to.trim() };
      const recording = await engine.call('startRecording', { body: { name: chosen, filter, for: forText } });
      await engine.refreshRecordings();
      setName('');
      onStarted(recording.id);
    } catch (error) {
      toasts.error('The recording was not started', error);
    }
  };
  const stop = async (recording: Recording) => {
    try {
      await engine.call('stopRecording', { params: { id: recording.id } });
      await engine.refreshRecordings();
      onStarted(recording.id);
    } catch (error) {
      toasts.error('The recording was not stopped', error);
    }
  };
  return (
    <div className="row rec-bar">
      <Input
        value={name}
        onChange={(event) => setName(event.target.value)}
        placeholder="Name"
        aria-label="Name of the recording"
        data-testid="record-name"
      />
      <Input
        value={to}
        onChange={(event) => setTo(event.target.value)}
        placeholder="Only to service (optional)"
        aria-label="Only calls to this service"
        data-testid="record-to"
      />
      <Button variant="primary" icon={<Disc size={14} />} data-testid="record-start" onClick={() => void start()}>
        Record
      </Button>
      <Button data-testid="record-minute" onClick={() => void start('60s')}>
        Record next 60 s
      </Button>
      {running.map((recording) => (
        <Button
          key={recording.id}
          variant="danger"
          icon={<CircleStop size={14} />}
          data-testid="record-stop"
          onClick={() => void stop(recording)}
        >
          Stop {recording.name}
        </Button>
      ))}
    </div>
  );
}

function ImportButton({ onImported }: { onImported: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const file = useRef<HTMLInputElement>(null);
  const load = async (chosen: File) => {
    try {
      const recording = await engine.call('importHar', { body: JSON.parse(await chosen.text()) });
      await engine.refreshRecordings();
      onImported(recording.id);
    } catch (error) {
      toasts.error(`${chosen.name} was not imported`, error);
    }
  };
  return (
    <>
      <input
        ref={file}
        type="file"
        accept=".har,application/json"
        className="visually-hidden"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen) void load(chosen);
          event.target.value = '';
        }}
      />
      <Button icon={<Import size={14} />} onClick={() => file.current?.click()}>
        Import HAR
      </Button>
    </>
  );
}

import { CircleStop, Disc } from 'lucide-react';
import { useState } from 'react';
import type { Recording, RecordingFilter } from '../../../proxy/api/recording.schema.ts';
import { useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, formatCount, Input, Select, useToasts } from '../../ui/index.ts';

/** Starts a recording: of everything, or of the calls of an edge; until it is stopped, or for a minute. */
export function RecordBar({ onStarted }: { onStarted: (id: string) => void }) {
  const [name, setName] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [path, setPath] = useState('');
  const services = useServiceNames();
  const begin = useBegin(onStarted);
  const start = async (forText?: string) => {
    const given = Object.entries({ from, to, path: path.trim() }).filter(([, value]) => value !== '');
    const filter = given.length === 0 ? undefined : (Object.fromEntries(given) as RecordingFilter);
    if (await begin({ name, filter, for: forText })) setName('');
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
      <Select label="Only calls from" value={from} options={[{ value: '', label: 'From any' }, ...services]} onChange={setFrom} />
      <Select label="Only calls to" value={to} options={[{ value: '', label: 'To any' }, ...services]} onChange={setTo} />
      <Input
        className="rec-bar-path"
        value={path}
        onChange={(event) => setPath(event.target.value)}
        placeholder="Any path"
        aria-label="Only paths that begin with"
      />
      <Button variant="primary" icon={<Disc size={14} />} data-testid="record-start" onClick={() => void start()}>
        Record
      </Button>
      <Button data-testid="record-minute" title="Records for a minute and stops" onClick={() => void start('60s')}>
        Next 60 s
      </Button>
    </div>
  );
}

/** The way forward where nothing was recorded yet. */
export function RecordMinute({ onStarted }: { onStarted: (id: string) => void }) {
  const begin = useBegin(onStarted);
  return (
    <Button
      variant="primary"
      icon={<Disc size={14} />}
      data-testid="record-first-minute"
      onClick={() => void begin({ name: '', for: '60s' })}
    >
      Record next 60 s
    </Button>
  );
}

/** Starts one; false when it could not be, which is said. Without a name it gets its time. */
function useBegin(onStarted: (id: string) => void) {
  const engine = useEngine();
  const toasts = useToasts();
  return async ({ name, ...rest }: { name: string; filter?: RecordingFilter | undefined; for?: string | undefined }) => {
    try {
      const chosen = name.trim() || `recording-${new Date().toTimeString().slice(0, 8).replaceAll(':', '-')}`;
      const recording = await engine.call('startRecording', { body: { name: chosen, ...rest } });
      await engine.refreshRecordings();
      onStarted(recording.id);
      return true;
    } catch (error) {
      toasts.error('The recording was not started', error);
      return false;
    }
  };
}

function useServiceNames(): { value: string; label: string }[] {
  const status = useStatus();
  const names = new Set((status?.workloads ?? []).map(({ service }) => service));
  return [...names].sort().map((name) => ({ value: name, label: name }));
}

/** What records now, with the way to end it. */
export function RunningRecordings({ running, onStopped }: { running: readonly Recording[]; onStopped: (id: string) => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const stop = async (recording: Recording) => {
    try {
      await engine.call('stopRecording', { params: { id: recording.id } });
      await engine.refreshRecordings();
      onStopped(recording.id);
    } catch (error) {
      toasts.error('The recording was not stopped', error);
    }
  };
  return running.map((recording) => (
    <div key={recording.id} className="row rec-running" role="status">
      <span className="tone-bad tone-text" aria-hidden="true">
        ●
      </span>
      <span className="truncate">
        Recording <b>{recording.name}</b>
      </span>
      <span className="num soft">
        {formatCount(recording.exchanges + recording.waiting)}
        {recording.dropped > 0 && ` · ${formatCount(recording.dropped)} not kept`}
      </span>
      <Button
        variant="danger"
        size="small"
        icon={<CircleStop size={13} />}
        data-testid="record-stop"
        onClick={() => void stop(recording)}
      >
        Stop
      </Button>
    </div>
  ));
}

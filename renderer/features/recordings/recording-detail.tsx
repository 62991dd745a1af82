import { Download, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import type { Replay } from '../../../proxy/api/replay.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import {
  Button,
  type Column,
  Dialog,
  ErrorState,
  Facts,
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  plural,
  Skeleton,
  Tabs,
  useToasts,
  VirtualList,
} from '../../ui/index.ts';
import { filterWords, redactionWords, spanWords } from './recording-words.ts';
import { ReplayDialog } from './replay-dialog.tsx';
import { ReplayResult } from './replay-result.tsx';

type Tab = 'replays' | 'exchanges';

export function RecordingDetail({ recording, onDeleted }: { recording: Recording; onDeleted: () => void }) {
  const [tab, setTab] = useState<Tab>('exchanges');
  const [asksReplay, setAsksReplay] = useState(false);
  const replays = useCall('listReplays', {}, 1000);
  const own = replays.data?.replays.filter((replay) => replay.recordingId === recording.id) ?? [];
  return (
    <>
      <header className="rec-head">
        <div className="grow">
          <h2 className="truncate">{recording.name}</h2>
          <div className="soft">
            {formatClock(recording.startedAt, false)} · {spanWords(recording)} · {plural(recording.exchanges, 'exchange')} ·{' '}
            {formatBytes(recording.bytes)}
          </div>
        </div>
        <ExportButton recording={recording} />
        <DeleteButton recording={recording} onDeleted={onDeleted} />
        <Button
          variant="primary"
          icon={<Play size={14} />}
          data-testid="replay-start"
          disabled={recording.exchanges === 0}
          onClick={() => setAsksReplay(true)}
        >
          Replay
        </Button>
      </header>
      <div className="rec-facts">
        <Facts
          rows={[
            ['Recorded', filterWords(recording.filter)],
            ['Services', recording.services.join(', ')],
            ['Redacted', redactionWords(recording.redacted) || 'nothing had to be taken out'],
            ['Not kept', recording.dropped > 0 ? `${formatCount(recording.dropped)} exchanges could not be written` : ''],
          ]}
        />
      </div>
      <Tabs
        label="Recording"
        className="rec-tabs"
        tabs={[
          { id: 'exchanges', label: 'Exchanges', count: recording.exchanges },
          { id: 'replays', label: 'Replays', count: own.length },
        ]}
        value={tab}
        onChange={setTab}
      >
        {tab === 'exchanges' ? <Exchanges recording={recording} /> : <Replays replays={own} error={replays.error} />}
      </Tabs>
      <ReplayDialog
        open={asksReplay}
        recording={recording}
        onClose={() => setAsksReplay(false)}
        onStarted={() => {
          setAsksReplay(false);
          setTab('replays');
          replays.reload();
        }}
      />
    </>
  );
}

const columns: Column<Exchange>[] = [
  { id: 'time', title: 'Time', width: '96px', cell: (e) => <span className="num soft">{formatClock(e.time)}</span> },
  { id: 'method', title: 'Method', width: '64px', cell: (e) => e.method },
  { id: 'path', title: 'Path', width: 'minmax(120px, 1fr)', cell: (e) => <span className="mono truncate">{e.path}</span> },
  {
    id: 'edge',
    title: 'Source → destination',
    width: 'minmax(140px, 0.8fr)',
    cell: (e) => (
      <span className="truncate">
        {e.source} → {e.destination} <span className="soft">{e.destinationVersion}</span>
      </span>
    ),
  },
  { id: 'hop', title: 'Hop', width: '84px', cell: (e) => <span className="soft">{e.reporter}</span> },
  { id: 'status', title: 'Code', width: '52px', align: 'end', cell: (e) => <span className="num">{e.status || '–'}</span> },
  { id: 'ms', title: 'ms', width: '72px', align: 'end', cell: (e) => <span className="num">{formatMs(e.durationMs)}</span> },
];

function Exchanges({ recording }: { recording: Recording }) {
  const live = recording.state === 'recording';
  const page = useCall(
    'listRecordedExchanges',
    { params: { id: recording.id }, query: { limit: 5000 } },
    live ? 2000 : undefined,
  );
  if (page.error && !page.data)
    return <ErrorState title="The exchanges cannot be read" message={page.error} onRetry={page.reload} />;
  if (!page.data) return <Skeleton lines={6} />;
  const { exchanges, next } = page.data;
  return (
    <div className="rec-exchanges">
      <VirtualList
        label="Recorded exchanges"
        columns={columns}
        count={exchanges.length}
        at={(i) => exchanges[i]}
        keyOf={(e) => e.id}
      />
      {next !== null && (
        <div className="soft rec-more">
          The first {formatCount(exchanges.length)} are shown; all of them are replayed and exported.
        </div>
      )}
    </div>
  );
}

function Replays({ replays, error }: { replays: Replay[]; error: string | null }) {
  const [chosen, setChosen] = useState<string | null>(null);
  if (error && replays.length === 0) return <ErrorState title="The replays cannot be read" message={error} />;
  const shown = replays.find((r) => r.id === chosen) ?? replays[0];
  if (!shown)
    return <p className="soft rec-more">Not replayed yet. A replay sends the root calls again; services make their own calls.</p>;
  return (
    <div className="rec-replays">
      {replays.length > 1 && (
        <fieldset className="row rec-runs" aria-label="Replays of this recording">
          {replays.slice(0, 8).map((replay) => (
            <Button key={replay.id} size="small" aria-pressed={replay.id === shown.id} onClick={() => setChosen(replay.id)}>
              {formatClock(replay.startedAt, false)}
            </Button>
          ))}
        </fieldset>
      )}
      <ReplayResult replay={shown} />
    </div>
  );
}

function ExportButton({ recording }: { recording: Recording }) {
  const engine = useEngine();
  const toasts = useToasts();
  const save = async () => {
    try {
      const har = await engine.call('exportHar', { params: { id: recording.id } });
      const url = URL.createObjectURL(new Blob([JSON.stringify(har)], { type: 'application/json' }));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${recording.name}.har`;
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      toasts.error('The HAR was not exported', error);
    }
  };
  return (
    <Button icon={<Download size={14} />} onClick={() => void save()}>
      HAR
    </Button>
  );
}

function DeleteButton({ recording, onDeleted }: { recording: Recording; onDeleted: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [asks, setAsks] = useState(false);
  const remove = async () => {
    try {
      await engine.call('deleteRecording', { params: { id: recording.id } });
      await engine.refreshRecordings();
      onDeleted();
    } catch (error) {
      toasts.error('The recording was not deleted', error);
    }
  };
  return (
    <>
      <Button icon={<Trash2 size={14} />} aria-label={`Delete ${recording.name}`} onClick={() => setAsks(true)}>
        Delete
      </Button>
      <Dialog
        open={asks}
        onClose={() => setAsks(false)}
        title={`Delete ${recording.name}?`}
        description={`${plural(recording.exchanges, 'exchange')} and their replays' comparisons are gone for good.`}
        footer={
          <>
            <Button onClick={() => setAsks(false)}>Keep it</Button>
            <Button variant="danger" onClick={() => void remove()}>
              Delete {plural(recording.exchanges, 'exchange')}
            </Button>
          </>
        }
      />
    </>
  );
}

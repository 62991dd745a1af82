import { useState } from 'react';
import type { RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Tabs } from '../../ui/index.ts';
import { RecordedRows } from './recorded-rows.tsx';
import { RecordingFacts } from './recording-facts.tsx';
import { NoteField, RecordingHeader } from './recording-header.tsx';
import { ReplayDialog } from './replay-dialog.tsx';
import { ReplaysTab } from './replays-tab.tsx';
import { StandInTab } from './stand-in-tab.tsx';
import type { TimeRange } from './time-range.ts';
import { TimelineStrip } from './timeline-strip.tsx';

type Tab = 'exchanges' | 'replays' | 'standin';

export interface RecordingDetailProps {
  recording: Recording;
  onDeleted: () => void;
  /** Another recording was made of this one, or this one came back. */
  onMade: (id: string) => void;
}

/** By the address; else stubs, which hold no exchanges, open where they are used. */
function tabOf(named: string | null, { exchanges, stubs }: Recording): Tab {
  if (named === 'exchanges' || named === 'replays' || named === 'standin') return named;
  return exchanges === 0 && stubs !== undefined ? 'standin' : 'exchanges';
}

/** One recording: what it is, when its calls were, and its exchanges, replays and stand-ins. */
export function RecordingDetail({ recording, onDeleted, onMade }: RecordingDetailProps) {
  const { query } = useRoute();
  const router = useRouter();
  const tab = tabOf(query.get('tab'), recording);
  const setTab = (next: Tab) => router.setQuery({ tab: next === tabOf(null, recording) ? undefined : next, replay: undefined });
  const [asksReplay, setAsksReplay] = useState(false);
  const [range, setRange] = useState<TimeRange | null>(null);
  const [filter, setFilter] = useState<RecordedRowFilter>({ hops: 'calls' });
  const replays = useCall('listReplays', {}, 1000);
  const own = replays.data?.replays.filter((replay) => replay.recordingId === recording.id) ?? [];
  const choose = (next: RecordedRowFilter) => {
    setFilter(next);
    setTab('exchanges');
  };
  return (
    <>
      <RecordingHeader recording={recording} onReplay={() => setAsksReplay(true)} onDeleted={onDeleted} onMade={onMade} />
      <NoteField recording={recording} />
      <RecordingFacts recording={recording} filter={filter} onFilter={choose} />
      <TimelineStrip recording={recording} range={range} onRange={setRange} />
      <Tabs
        label="Recording"
        className="rec-tabs"
        tabs={[
          { id: 'exchanges', label: 'Exchanges' },
          { id: 'replays', label: 'Replays', count: replays.data ? own.length : undefined },
          { id: 'standin', label: 'Stand in' },
        ]}
        value={tab}
        onChange={setTab}
      >
        {tab === 'exchanges' && (
          <RecordedRows recording={recording} range={range} filter={filter} onFilter={setFilter} onKept={onMade} />
        )}
        {tab === 'replays' && <ReplaysTab replays={own} read={replays} />}
        {tab === 'standin' && <StandInTab recording={recording} />}
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

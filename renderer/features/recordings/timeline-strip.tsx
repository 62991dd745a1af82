import { type PointerEvent, useRef, useState } from 'react';
import type { Recording, RecordingTimeline } from '../../../proxy/api/recording.schema.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, formatClock, formatCount, Input, plural } from '../../ui/index.ts';
import { lengthWords } from './recording-words.ts';
import { parseSeconds, rangeBetween, type TimeRange, timeAt, writeSeconds } from './time-range.ts';

const slices = 160;
const liveEveryMs = 2000;

export interface TimelineStripProps {
  recording: Recording;
  range: TimeRange | null;
  onRange: (range: TimeRange | null) => void;
}

/** Calls over time. A drag marks a part; the two fields say the same in seconds. */
export function TimelineStrip({ recording, range, onRange }: TimelineStripProps) {
  const isLive = recording.state === 'recording';
  const { data } = useCall(
    'getRecordingTimeline',
    { params: { id: recording.id }, query: { slices } },
    isLive ? liveEveryMs : undefined,
  );
  const lengthMs = data?.from && data.to ? Date.parse(data.to) - Date.parse(data.from) : 0;
  if (!data || data.from === null || lengthMs < 2) return null;
  const peak = Math.max(1, ...data.slices.map(([calls]) => calls));
  return (
    <section className="rec-timeline" aria-label="Calls over time">
      <Strip timeline={data} peak={peak} lengthMs={lengthMs} range={range} onRange={onRange} />
      <div className="row rec-axis soft num">
        <span>{formatClock(data.from, false)}</span>
        <RangeFields lengthMs={lengthMs} range={range} onRange={onRange} />
        <span className="grow" />
        <span className="truncate">
          up to {plural(peak, 'call')} in {lengthWords(data.sliceMs)}
        </span>
        <span>{formatClock(data.to ?? data.from, false)}</span>
      </div>
    </section>
  );
}

function Strip({
  timeline,
  peak,
  lengthMs,
  range,
  onRange,
}: {
  timeline: RecordingTimeline;
  peak: number;
  lengthMs: number;
  range: TimeRange | null;
  onRange: (range: TimeRange | null) => void;
}) {
  const strip = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ start: number; now: number } | null>(null);
  const at = (event: PointerEvent) => {
    const box = strip.current?.getBoundingClientRect();
    return timeAt(event.clientX - (box?.left ?? 0), box?.width ?? 0, lengthMs);
  };
  const shown = drag ? rangeBetween(drag.start, drag.now, lengthMs) : range;
  const share = (ms: number) => `${(ms / lengthMs) * 100}%`;
  const errors = timeline.slices.reduce((sum, [, count]) => sum + count, 0);
  return (
    <div
      ref={strip}
      className="rec-strip"
      data-testid="recording-timeline"
      role="img"
      aria-label={`${timeline.slices.length} slices, at most ${formatCount(peak)} calls in one, ${plural(errors, 'error')} in all`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ start: at(event), now: at(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, now: at(event) })}
      onPointerUp={(event) => {
        if (drag) onRange(rangeBetween(drag.start, at(event), lengthMs));
        setDrag(null);
      }}
      onPointerCancel={() => setDrag(null)}
    >
      <svg viewBox={`0 0 ${timeline.slices.length} 100`} preserveAspectRatio="none" aria-hidden="true">
        {timeline.slices.map(([calls, failed], index) => {
          if (calls === 0) return null;
          // One call among thousands is still seen.
          const height = Math.max(4, (calls / peak) * 100);
          const bad = failed === 0 ? 0 : Math.max(4, (failed / peak) * 100);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a slice is its place.
            <g key={index}>
              <rect className="rec-bar-calls" x={index + 0.1} width={0.8} y={100 - height} height={height} />
              {bad > 0 && <rect className="rec-bar-errors" x={index + 0.1} width={0.8} y={100 - bad} height={bad} />}
            </g>
          );
        })}
      </svg>
      {shown && (
        <>
          <div className="rec-shade" style={{ left: 0, width: share(shown.fromMs) }} />
          <div className="rec-shade" style={{ left: share(shown.toMs), right: 0 }} />
          <div className="rec-brush" style={{ left: share(shown.fromMs), width: share(shown.toMs - shown.fromMs) }} />
        </>
      )}
    </div>
  );
}

/** Typed seconds for whoever does not drag. A half-typed number changes nothing yet. */
function RangeFields({
  lengthMs,
  range,
  onRange,
}: {
  lengthMs: number;
  range: TimeRange | null;
  onRange: (range: TimeRange | null) => void;
}) {
  const full = { fromMs: 0, toMs: lengthMs };
  const set = (change: Partial<TimeRange>) => {
    const next = { ...(range ?? full), ...change };
    onRange(next.fromMs <= 0 && next.toMs >= lengthMs ? null : rangeBetween(next.fromMs, next.toMs, lengthMs));
  };
  return (
    <div className="row rec-range">
      <SecondsField label="From" value={(range ?? full).fromMs} onChange={(fromMs) => set({ fromMs })} />
      <SecondsField label="To" value={(range ?? full).toMs} onChange={(toMs) => set({ toMs })} />
      <span className="soft">
        {range ? `${lengthWords(range.toMs - range.fromMs)} of ${lengthWords(lengthMs)}` : 'or drag over the bars'}
      </span>
      {range && (
        <Button size="small" variant="ghost" onClick={() => onRange(null)}>
          All of it
        </Button>
      )}
    </div>
  );
}

function SecondsField({ label, value, onChange }: { label: string; value: number; onChange: (ms: number) => void }) {
  const [draft, setDraft] = useState<string | null>(null);
  const take = () => {
    const ms = draft === null ? null : parseSeconds(draft);
    if (ms !== null && ms !== value) onChange(ms);
    setDraft(null);
  };
  return (
    <div className="row rec-seconds">
      <span className="soft" aria-hidden="true">
        {label}
      </span>
      <Input
        className="num"
        value={draft ?? writeSeconds(value)}
        inputMode="decimal"
        aria-label={`${label}, seconds from the beginning`}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === 'Enter' && take()}
      />
      <span className="soft" aria-hidden="true">
        s
      </span>
    </div>
  );
}

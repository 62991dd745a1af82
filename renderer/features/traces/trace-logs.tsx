import { X } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import type { TraceLog } from '../../../proxy/api/log.schema.ts';
import {
  Code,
  type Column,
  Facts,
  formatClock,
  formatCount,
  formatMs,
  IconButton,
  Json,
  plural,
  Segments,
  VirtualList,
} from '../../ui/index.ts';
import { describeSeverity } from './log-words.ts';

type Shown = 'all' | 'span' | 'errors';

export interface TraceLogsProps {
  logs: readonly TraceLog[];
  /** Of the span that is chosen, '' for none. */
  spanId: string;
  chosen: TraceLog | null;
  onChoose: (log: TraceLog) => void;
}

/** What the apps wrote while they worked on this trace, by time. A click selects the span it was written in. */
export function TraceLogs({ logs, spanId, chosen, onChoose }: TraceLogsProps) {
  const [wanted, setWanted] = useState<Shown>('all');
  const errors = useMemo(() => logs.filter(isBad), [logs]);
  const ofSpan = useMemo(() => (spanId === '' ? [] : logs.filter((log) => log.spanId === spanId)), [logs, spanId]);
  const lists: Record<Shown, readonly TraceLog[]> = { all: logs, span: ofSpan, errors };
  const shown = (wanted === 'span' && spanId === '') || (wanted === 'errors' && errors.length === 0) ? 'all' : wanted;
  const list = lists[shown];
  const at = useCallback((index: number) => list[index], [list]);
  // Records have no id of their own; thousands of them are asked for their place.
  const places = useMemo(() => new Map(logs.map((log, index) => [log, String(index)])), [logs]);
  const keyOf = useCallback((log: TraceLog) => places.get(log) ?? '', [places]);
  return (
    <section className="trace-logs" aria-label="Logs of this trace" data-testid="trace-logs">
      <div className="trace-logs-head">
        <h3>
          Logs <span className="num">{formatCount(logs.length)}</span>
        </h3>
        {errors.length > 0 && <span className="tone-bad tone-text num">✖ {plural(errors.length, 'error')}</span>}
        <span className="grow" />
        <Segments
          label="Show"
          value={shown}
          options={[
            { value: 'all', label: 'All' },
            ...(errors.length > 0 ? [{ value: 'errors' as const, label: 'Errors' }] : []),
            ...(spanId === '' ? [] : [{ value: 'span' as const, label: `Of the span ${formatCount(ofSpan.length)}` }]),
          ]}
          onChange={setWanted}
        />
      </div>
      {list.length === 0 ? (
        <p className="muted trace-logs-none">Nothing was logged in this span.</p>
      ) : (
        <VirtualList
          label="Logs, in order of time"
          columns={columns}
          count={list.length}
          at={at}
          keyOf={keyOf}
          selected={chosen && keyOf(chosen)}
          onSelect={onChoose}
          rowHeight={24}
          rowTestId="log-row"
          rowClass={(log) => (isBad(log) ? 'trace-log-bad' : '')}
        />
      )}
    </section>
  );
}

const isBad = (log: TraceLog) => describeSeverity(log).tone === 'bad';

const columns: Column<TraceLog>[] = [
  {
    id: 'at',
    title: 'At',
    width: '64px',
    align: 'end',
    cell: (log) => <span className="num muted">{offset(log.atMs)}</span>,
  },
  { id: 'severity', title: 'Severity', width: '62px', cell: (log) => <SeverityMark log={log} /> },
  { id: 'service', title: 'Service', width: 'minmax(60px, 0.18fr)', cell: (log) => <span className="soft">{log.service}</span> },
  {
    id: 'body',
    title: 'Says',
    width: 'minmax(120px, 1fr)',
    cell: (log) => (
      <span className="mono" title={log.body}>
        {log.body === '' ? <span className="muted">empty</span> : log.body.split('\n', 1)[0]}
      </span>
    ),
  },
];

/** Before the trace's first span is before, not none. */
const offset = (ms: number) => (ms < 0 ? `−${formatMs(-ms)}` : formatMs(ms));

function SeverityMark({ log }: { log: TraceLog }) {
  const { glyph, word, tone } = describeSeverity(log);
  return (
    <span className={`tone-${tone} tone-text`} title={log.severityText}>
      <span aria-hidden="true">{glyph}</span> {word}
    </span>
  );
}

/** One record in full. */
export function LogDetail({ log, onClose }: { log: TraceLog; onClose: () => void }) {
  const structured = /^\s*[[{]/.test(log.body);
  return (
    <section className="trace-span" data-testid="log-detail" aria-label="Log record">
      <div className="row">
        <h3 className="grow truncate">
          <SeverityMark log={log} /> · {log.service}
        </h3>
        <IconButton label="Close the record" size="small" icon={<X size={14} />} onClick={onClose} />
      </div>
      {structured ? <Json text={log.body} /> : <Code text={log.body || '(empty)'} />}
      <Facts
        rows={[
          ['Time', `${formatClock(log.time)}, ${offset(log.atMs)} into the trace`],
          ['Severity', log.severityText && `${log.severityText} (${log.severity})`],
          ['Span id', log.spanId && <span className="mono">{log.spanId}</span>],
          ...Object.entries(log.attributes).map(
            ([name, value]) =>
              [
                name,
                <span key={name} className="mono">
                  {String(value)}
                </span>,
              ] as const,
          ),
        ]}
      />
    </section>
  );
}

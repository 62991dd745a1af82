import { Pin, SquareCheck } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import type { Annotation, MarkColour, RecordedRow, RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { useCommands } from '../../commands/registry.ts';
import { useEngine } from '../../engine/use-engine.ts';
import {
  Button,
  type Column,
  EdgeLine,
  EmptyState,
  ErrorState,
  formatClock,
  formatCount,
  formatMs,
  plural,
  Skeleton,
  useToasts,
  VirtualList,
} from '../../ui/index.ts';
import { RowDetail } from './row-detail.tsx';
import { RowFilterBar } from './row-filter-bar.tsx';
import { rangeQuery, type TimeRange } from './time-range.ts';
import { useRecordedRows } from './use-recorded-rows.ts';
import '../marks/marks.css';

export interface RecordedRowsProps {
  recording: Recording;
  /** The part marked on the timeline. */
  range: TimeRange | null;
  filter: RecordedRowFilter;
  onFilter: (filter: RecordedRowFilter) => void;
  /** A new recording was made of a part. */
  onKept: (id: string) => void;
}

/** The exchanges of a recording: filtered, marked, chosen, and kept as a recording of their own. */
export function RecordedRows({ recording, range, filter, onFilter, onKept }: RecordedRowsProps) {
  const query = { ...filter, ...rangeQuery(range, recording.firstAt) };
  const pages = useRecordedRows(recording.id, query, recording.state === 'recording');
  const [openId, setOpenId] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => {
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const isOpen = openId !== null;
  const columns = useMemo(() => {
    const all = rowColumns(chosen, toggle);
    // Beside the pane there is room for what tells rows apart; the pane has the rest.
    const kept = all.filter(({ id }) => id !== 'edge' && id !== 'method' && id !== 'mark');
    return isOpen ? kept.map((one) => (one.id === 'path' ? { ...one, width: 'minmax(60px, 1fr)' } : one)) : all;
  }, [chosen, toggle, isOpen]);
  useCommands([
    {
      id: 'recordings.choose-row',
      title: 'Choose the selected row, or not',
      group: 'This screen',
      keys: 'x',
      when: () => openId !== null,
      run: () => (openId === null ? undefined : toggle(openId)),
    },
  ]);
  const marks = useMarks(recording.id, () => pages?.refresh());
  if (pages?.error && pages.total === null)
    return <ErrorState title="The exchanges cannot be read" message={pages.error} onRetry={() => pages.refresh()} />;
  return (
    <div className="rec-exchanges">
      <RowFilterBar recording={recording} filter={filter} onChange={onFilter} />
      <Actions
        recording={recording}
        shown={pages?.total ?? null}
        selection={query}
        isFiltered={range !== null || isNarrowed(filter)}
        chosen={chosen}
        onChosen={setChosen}
        onMark={marks}
        onKept={onKept}
      />
      <div className="rec-rows" data-open={isOpen || undefined}>
        {pages?.total == null ? (
          <Skeleton lines={8} />
        ) : pages.total === 0 ? (
          <NoRows recording={recording} onShowAll={isNarrowed(filter) ? () => onFilter({ hops: filter.hops }) : undefined} />
        ) : (
          <VirtualList
            label="Recorded exchanges"
            columns={columns}
            count={pages.total}
            at={(index) => pages.at(index)}
            keyOf={(row) => row.id}
            onRange={pages.want}
            selected={openId}
            onSelect={(row) => setOpenId(row.id)}
            rowTestId="recorded-row"
            rowClass={(row) => (row.annotation?.colour ? `mark-${row.annotation.colour}` : '')}
          />
        )}
        {isOpen && (
          <RowDetail
            key={openId}
            recordingId={recording.id}
            exchangeId={openId}
            onMark={(annotation) => marks([openId], annotation)}
            onClose={() => setOpenId(null)}
          />
        )}
      </div>
    </div>
  );
}

function isNarrowed({ hops: _hops, ...filter }: RecordedRowFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined && value !== '');
}

function useMarks(recordingId: string, onChanged: () => void) {
  const engine = useEngine();
  const toasts = useToasts();
  return async (exchanges: readonly string[], annotation: Annotation | null) => {
    try {
      const body = { exchanges: [...exchanges], annotation };
      await engine.call('annotateRecording', { params: { id: recordingId }, body });
      onChanged();
    } catch (error) {
      toasts.error('It was not marked', error);
    }
  };
}

function NoRows({ recording, onShowAll }: { recording: Recording; onShowAll?: (() => void) | undefined }) {
  if (recording.exchanges === 0)
    return recording.state === 'recording' ? (
      <EmptyState title="Waiting for traffic">What passes the filter appears here within a second.</EmptyState>
    ) : (
      <EmptyState title="Nothing was recorded">Nothing passed the filter while it ran.</EmptyState>
    );
  return (
    <EmptyState title="Nothing in this part" actions={onShowAll && <Button onClick={onShowAll}>Show everything</Button>}>
      No exchange of the recording meets the filter and the time.
    </EmptyState>
  );
}

interface ActionsProps {
  recording: Recording;
  shown: number | null;
  selection: RecordedRowFilter;
  isFiltered: boolean;
  chosen: ReadonlySet<string>;
  onChosen: (chosen: ReadonlySet<string>) => void;
  onMark: (exchanges: readonly string[], annotation: Annotation | null) => Promise<void>;
  onKept: (id: string) => void;
}

function Actions({ recording, shown, selection, isFiltered, chosen, onChosen, onMark, onKept }: ActionsProps) {
  const keep = useKeep(recording, onKept);
  const all = selection.hops === 'calls' ? recording.calls : recording.exchanges;
  const ids = [...chosen];
  return (
    <div className="row rec-actions" role="toolbar" aria-label="What is shown">
      <span className="soft num" data-testid="recorded-count">
        {shown === null ? '…' : isFiltered ? `${formatCount(shown)} of ${formatCount(all)}` : formatCount(all)}{' '}
        {selection.hops === 'calls' ? 'calls' : 'hops'}
      </span>
      <div className="grow" />
      {chosen.size > 0 ? (
        <>
          <span className="num">{plural(chosen.size, 'row')} chosen</span>
          <Button size="small" onClick={() => void keep({ only: ids, wholeTraces: true })}>
            Keep these traces
          </Button>
          <Button size="small" onClick={() => void keep({ except: ids })}>
            Keep the rest
          </Button>
          <Button
            size="small"
            icon={<Pin size={12} />}
            onClick={() => void onMark(ids, { pinned: true }).then(() => onChosen(new Set()))}
          >
            Pin
          </Button>
          <Button size="small" variant="ghost" onClick={() => onChosen(new Set())}>
            Choose none
          </Button>
        </>
      ) : (
        isFiltered && (
          <Button size="small" data-testid="recording-keep" disabled={!shown} onClick={() => void keep(withoutHops(selection))}>
            Keep this part as a recording
          </Button>
        )
      )}
    </div>
  );
}

/** What one sees are calls; what is kept are the calls with everything both sidecars reported of them. */
function withoutHops({ hops, ...selection }: RecordedRowFilter): RecordedRowFilter & { wholeTraces?: boolean } {
  return hops === 'calls' ? selection : { ...selection, ...(hops === undefined ? {} : { hops }) };
}

function useKeep(recording: Recording, onKept: (id: string) => void) {
  const engine = useEngine();
  const toasts = useToasts();
  return async (keep: RecordedRowFilter & { only?: string[]; except?: string[]; wholeTraces?: boolean }) => {
    try {
      const made = await engine.call('keepRecording', { params: { id: recording.id }, body: { keep } });
      await engine.refreshRecordings();
      toasts.ok(`Kept as ${made.name}`, `${plural(made.exchanges, 'exchange')}; ${recording.name} is as it was.`);
      onKept(made.id);
    } catch (error) {
      toasts.error('Nothing was kept', error);
    }
  };
}

const markNames: Record<MarkColour, string> = { red: 'red', amber: 'amber', green: 'green', blue: 'blue', violet: 'violet' };

function rowColumns(chosen: ReadonlySet<string>, onToggle: (id: string) => void): Column<RecordedRow>[] {
  return [
    {
      id: 'chosen',
      title: '',
      width: '16px',
      cell: (row) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the key x does the same; a control inside an option would be unreachable.
        // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
        <span
          className="rec-choose"
          data-testid="recorded-choose"
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row.id);
          }}
        >
          {chosen.has(row.id) ? <SquareCheck size={14} aria-label="chosen" /> : <i />}
        </span>
      ),
    },
    { id: 'time', title: 'Time', width: '92px', cell: (row) => <span className="num soft">{formatClock(row.time)}</span> },
    { id: 'method', title: 'Method', width: '56px', cell: (row) => row.method },
    { id: 'path', title: 'Path', width: 'minmax(100px, 1.2fr)', cell: (row) => <span className="mono">{row.path}</span> },
    {
      id: 'edge',
      title: 'Source → destination',
      width: 'minmax(120px, 1fr)',
      cell: (row) => <EdgeLine from={row.source} to={row.destination} note={row.destinationVersion} />,
    },
    {
      id: 'mark',
      title: 'Mark',
      width: 'minmax(44px, 0.3fr)',
      cell: ({ annotation }) =>
        annotation && (
          <span className="mark-cell" title={annotation.note}>
            {annotation.pinned && <Pin size={11} aria-label="pinned" />}
            {annotation.colour && <i className="mark-dot" role="img" aria-label={markNames[annotation.colour]} />}
            {annotation.note}
          </span>
        ),
    },
    {
      id: 'status',
      title: 'Code',
      width: '48px',
      align: 'end',
      cell: ({ status }) => <span className={status === 0 || status >= 500 ? 'tone-bad tone-text' : ''}>{status || '–'}</span>,
    },
    { id: 'ms', title: 'Duration', width: '72px', align: 'end', cell: (row) => formatMs(row.durationMs) },
  ];
}

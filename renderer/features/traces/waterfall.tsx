import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type CSSProperties, type KeyboardEvent, memo, type ReactNode, useEffect, useId, useMemo, useRef } from 'react';
import type { Segment } from '../../../proxy/api/critical-path.ts';
import { marksOf } from '../../../proxy/api/span-marks.ts';
import { isAttempt, type TreeRow } from '../../../proxy/api/span-tree.ts';
import { formatMs } from '../../ui/index.ts';

const rowHeight = 26;
const headHeight = 28;
const indentPx = 14;
/** Deeper rows keep this indent: their level is still told to assistive tools, and the name stays readable. */
const maxIndent = 14;
const ticks = [0, 0.25, 0.5, 0.75, 1];

export interface WaterfallProps {
  rows: readonly TreeRow[];
  durationMs: number;
  /** Stretches of the critical path by span; null draws none. */
  critical: ReadonlyMap<number, readonly Segment[]> | null;
  colourOf: (service: string) => string;
  /** Place of the chosen span among the nodes. */
  selected: number | null;
  onSelect: (index: number) => void;
  onFold: (index: number, folded: boolean) => void;
}

/**
 * The spans as a `treegrid`: ↑ ↓ (j k) move, → unfolds or goes in, ← folds or goes to the parent. One tab stop; only the rows in view exist,
 * so ten thousand spans scroll like ten.
 */
export function Waterfall(props: WaterfallProps) {
  const { rows, durationMs, selected, onSelect } = props;
  const body = useRef<HTMLDivElement>(null);
  const actions = useLatest({ onSelect, onFold: props.onFold });
  const id = useId();
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    useFlushSync: false,
  });
  const at = rows.findIndex((row) => row.node.index === selected);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of selection may scroll.
  useEffect(() => {
    if (at >= 0) virtualizer.scrollToIndex(at, { align: 'auto' });
  }, [selected]);

  const choose = (place: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, place))];
    if (row) onSelect(row.node.index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const handled = moveByKey(event.key, at, rows, choose, props.onFold, pageOf(body.current));
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <div
      ref={body}
      className="wf"
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={at >= 0 ? `${id}-${selected}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a virtual grid of divs; table elements cannot be placed freely. */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the grid is the one tab stop. */}
      <div className="wf-row wf-head" role="row" aria-rowindex={1} style={{ height: headHeight }}>
        <HeadCell>Span</HeadCell>
        <HeadCell className="wf-axis">
          {ticks.map((share) => (
            <span key={share} style={{ left: `${share * 100}%` }}>
              {share === 0 ? '0' : formatMs(durationMs * share)}
            </span>
          ))}
        </HeadCell>
        <HeadCell className="wf-took">Took</HeadCell>
      </div>
      <div role="presentation" className="wf-sizer" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <SpanRow
              key={row.node.index}
              id={`${id}-${row.node.index}`}
              row={row}
              place={item.index}
              top={item.start - headHeight}
              whole={Math.max(durationMs, 0.001)}
              colour={props.colourOf(row.node.span.service)}
              critical={props.critical?.get(row.node.index) ?? none}
              selected={row.node.index === selected}
              actions={actions}
            />
          );
        })}
      </div>
    </div>
  );
}

function HeadCell({ className, children }: { className?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above.
    // biome-ignore lint/a11y/useFocusableInteractive: as above.
    <div role="columnheader" className={className}>
      {children}
    </div>
  );
}

function Cell({ className, style, children }: { className: string; style?: CSSProperties; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above.
    // biome-ignore lint/a11y/useFocusableInteractive: as above.
    <div role="gridcell" className={className} style={style}>
      {children}
    </div>
  );
}

const pageOf = (element: HTMLElement | null): number =>
  Math.max(1, Math.floor(((element?.clientHeight ?? 300) - headHeight) / rowHeight) - 1);

/** True when the key meant something here. */
function moveByKey(
  key: string,
  at: number,
  rows: readonly TreeRow[],
  choose: (place: number) => void,
  fold: WaterfallProps['onFold'],
  page: number,
): boolean {
  const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
  const step = steps[key];
  const row = rows[at];
  if (step !== undefined) choose(at < 0 ? 0 : at + step);
  else if (key === 'Home') choose(0);
  else if (key === 'End') choose(rows.length - 1);
  else if (key === 'ArrowRight' && row && row.childCount > 0) {
    if (row.folded) fold(row.node.index, false);
    else choose(at + 1);
  } else if (key === 'ArrowLeft' && row) {
    if (row.childCount > 0 && !row.folded) fold(row.node.index, true);
    else choose(rows.slice(0, at).findLastIndex((above) => above.depth < row.depth));
  } else return false;
  return true;
}

type RowActions = Pick<WaterfallProps, 'onSelect' | 'onFold'>;
const none: readonly Segment[] = [];

/** The same object for ever, whose functions call the latest ones: rows are drawn again only when they look different. */
function useLatest(actions: RowActions): RowActions {
  const latest = useRef(actions);
  latest.current = actions;
  return useMemo(
    () => ({
      onSelect: (index) => latest.current.onSelect(index),
      onFold: (index, folded) => latest.current.onFold(index, folded),
    }),
    [],
  );
}

interface SpanRowProps {
  id: string;
  row: TreeRow;
  place: number;
  top: number;
  whole: number;
  colour: string;
  critical: readonly Segment[];
  selected: boolean;
  actions: RowActions;
}

const SpanRow = memo(function SpanRow({ id, row, place, top, whole, colour, critical, selected, actions }: SpanRowProps) {
  const { node, depth, childCount, folded } = row;
  const { span, index } = node;
  const Chevron = folded ? ChevronRight : ChevronDown;
  const marks = marksOf(node);
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above.
    // biome-ignore lint/a11y/useFocusableInteractive: the grid is the one tab stop, the row its active descendant.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys.
    <div
      id={id}
      role="row"
      className="wf-row"
      data-testid="span-row"
      data-service={span.service}
      aria-rowindex={place + 2}
      aria-level={depth + 1}
      aria-expanded={childCount > 0 ? !folded : undefined}
      aria-selected={selected}
      style={{ height: rowHeight, transform: `translateY(${top}px)`, '--service': colour } as CSSProperties}
      onClick={() => actions.onSelect(index)}
    >
      <Cell
        className={span.inferred ? 'wf-name wf-name-inferred' : 'wf-name'}
        style={{ paddingLeft: Math.min(depth, maxIndent) * indentPx }}
      >
        {childCount > 0 ? (
          <button
            type="button"
            className="wf-fold"
            tabIndex={-1}
            aria-label={folded ? 'Unfold' : 'Fold'}
            onClick={(event) => {
              event.stopPropagation();
              actions.onFold(index, !folded);
            }}
          >
            <Chevron size={13} />
          </button>
        ) : (
          <span className="wf-fold" />
        )}
        <span className="wf-glyph" title={span.mesh ? 'made by a sidecar' : 'made by the app'}>
          {span.mesh ? '▨' : '●'}
          <span className="visually-hidden">{span.mesh ? 'mesh' : 'app'}</span>
        </span>
        <span className="truncate" title={`${span.service} ${span.name}`}>
          {!isAttempt(span) && <b>{span.service} </b>}
          <span className="soft">{isAttempt(span) ? '' : span.kind === 'server' ? 'received ' : span.mesh ? 'sent ' : ''}</span>
          {span.name}
          {folded && <span className="muted"> +{childCount}</span>}
        </span>
        {marks.map(({ glyph, word, tone, explain }) => (
          <span key={word} className={`wf-mark tone-${tone} tone-text`} title={explain}>
            {glyph}
            <span className="visually-hidden"> {word}</span>
          </span>
        ))}
      </Cell>
      <Cell className="wf-track">
        <Bars row={row} whole={whole} critical={critical} />
      </Cell>
      <Cell className="wf-took num">{formatMs(span.durationMs)}</Cell>
    </div>
  );
});

/** The wait before an attempt, the span's bar, the critical path as a line inside it, and where faults struck. */
function Bars({ row, whole, critical }: { row: TreeRow; whole: number; critical: readonly Segment[] }) {
  const { span } = row.node;
  const place = (fromMs: number, ms: number): CSSProperties => ({
    left: `${(Math.max(0, fromMs) / whole) * 100}%`,
    width: `${(ms / whole) * 100}%`,
  });
  const backoff = span.attributes['drydock.backoff_ms'];
  return (
    <>
      {typeof backoff === 'number' && backoff > 0 && (
        <i
          className="wf-backoff"
          title={`waited ${formatMs(backoff)} before this attempt`}
          style={place(span.startMs - backoff, backoff)}
        />
      )}
      <i
        className="wf-bar"
        data-mesh={span.mesh || undefined}
        data-error={span.error || undefined}
        data-inferred={span.inferred || undefined}
        data-open={span.open || undefined}
        style={place(span.startMs, span.durationMs)}
      />
      {critical.map((segment) => (
        <i key={segment.fromMs} className="wf-critical" style={place(segment.fromMs, segment.toMs - segment.fromMs)} />
      ))}
      {span.events.map((event) => (
        <i
          key={`${event.atMs} ${event.name}`}
          className={event.name.startsWith('fault ') ? 'wf-event wf-event-fault' : 'wf-event'}
          title={event.name}
          style={{ left: `${(event.atMs / whole) * 100}%` }}
        />
      ))}
    </>
  );
}

import { Copy as CopyIcon, Hourglass, Lock, LockOpen, type LucideIcon, RotateCw, ShieldOff, UserX, Zap } from 'lucide-react';
import { memo } from 'react';
import { formatSpan } from '../../ui/format.ts';
import { useNow } from '../../ui/use-now.ts';
import type { EdgeBadge, EdgeView } from './edge-view.ts';
import { shortName } from './short-name.ts';
import type { Point } from './topology-layout.ts';

export interface EdgeLabelProps {
  view: EdgeView;
  at: Point;
  selected: boolean;
  onSelect: (id: string) => void;
}

/** What is chosen to be told of an edge, and the marks of what is wrong with it: the edge's button. */
export const EdgeLabel = memo(function EdgeLabel({ view, at, selected, onSelect }: EdgeLabelProps) {
  return (
    <button
      type="button"
      className="topo-label nopan nodrag"
      data-selected={selected || undefined}
      data-dim={view.dim || undefined}
      data-testid={`topology-edge-${shortName(view.from)}-${shortName(view.to)}`}
      aria-pressed={selected}
      style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
      onClick={() => onSelect(view.id)}
    >
      <span className={`topo-label-text num tone-${view.tone}`}>
        {view.mark && (
          <i className="tone-text" aria-hidden="true">
            {view.mark.glyph}
          </i>
        )}
        {view.label}
        {/* A split's numbers need the room; its lock is told in the panel and the table. */}
        {(view.wanted === '' || view.lock !== 'all') && <LockMark lock={view.lock} />}
      </span>
      {view.wanted !== '' && <span className="topo-wanted num">{view.wanted}</span>}
      {view.badges.length > 0 && (
        <span className="topo-badges num">
          {view.badges.map((badge) => (
            <Badge key={badge.id} badge={badge} />
          ))}
        </span>
      )}
      <span className="visually-hidden">{view.words}</span>
    </button>
  );
});

function LockMark({ lock }: { lock: EdgeView['lock'] }) {
  if (lock === 'outside') return null;
  if (lock === 'all') return <Lock size={11} className="topo-lock" aria-hidden="true" />;
  return <LockOpen size={11} className="tone-text tone-warn" aria-hidden="true" />;
}

const icons: Record<EdgeBadge['id'], LucideIcon> = {
  fault: Zap,
  ejected: UserX,
  overflow: ShieldOff,
  timeout: Hourglass,
  retry: RotateCw,
  mirror: CopyIcon,
};

function Badge({ badge: { id, tone, text, words, endsAt } }: { badge: EdgeBadge }) {
  const Icon = icons[id];
  return (
    <span className={`topo-badge tone-${tone}`} title={words}>
      <Icon size={10} aria-hidden="true" />
      {text}
      {endsAt !== undefined && <Countdown endsAt={endsAt} />}
    </span>
  );
}

/** What is left of it, coarser the more there is. */
function Countdown({ endsAt }: { endsAt: number }) {
  const now = useNow();
  return <span className="topo-countdown">{formatSpan(Math.max(0, endsAt - now))}</span>;
}

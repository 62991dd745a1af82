import { type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react';
import { Copy as CopyIcon, Hourglass, Lock, LockOpen, type LucideIcon, RotateCw, ShieldOff, UserX, Zap } from 'lucide-react';
import { memo } from 'react';
import { useFaults } from '../../engine/use-engine.ts';
import { briefFault, describeFault, faultsOnEdge } from './edge-faults.ts';
import { useEdgeView } from './live-view.ts';
import type { EdgeLine } from './topology-layout.ts';
import { type EdgeView, shortName } from './topology-view.ts';

export type TopologyEdge = Edge<{ line: EdgeLine; onSelect: (id: string) => void }, 'traffic'>;

/** One line of the picture with its label; redraws when its own view changes. */
export const TrafficEdge = memo(function TrafficEdge({ id, data, selected }: EdgeProps<TopologyEdge>) {
  const view = useEdgeView(id);
  if (!view || !data) return null;
  const { line, onSelect } = data;
  const head = view.width + 3.5;
  const back = line.forward ? -head * 1.5 : head * 1.5;
  const { x, y } = line.end;
  return (
    <>
      <g
        className={`topo-edge tone-${view.tone}`}
        data-selected={selected || undefined}
        data-idle={view.paceSeconds === 0 || undefined}
        data-dim={view.dim || undefined}
        data-inferred={view.inferred || undefined}
      >
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the label is the button for the keyboard; the line is a larger target. */}
        <path className="topo-edge-reach" d={line.path} onClick={() => onSelect(id)} />
        <path className="topo-edge-line" d={line.path} strokeWidth={view.width} />
        {view.paceSeconds > 0 && !view.inferred && (
          <path
            className="topo-edge-flow"
            d={line.path}
            strokeWidth={Math.max(1.5, view.width * 0.6)}
            style={{ animationDuration: `${view.paceSeconds}s` }}
          />
        )}
        <path className="topo-edge-head" d={`M${x},${y}l${back},${-head * 0.75}v${head * 1.5}z`} />
      </g>
      <EdgeLabelRenderer>
        <button
          type="button"
          className="topo-label nopan nodrag"
          data-selected={selected || undefined}
          data-dim={view.dim || undefined}
          data-testid={`topology-edge-${shortName(view.from)}-${shortName(view.to)}`}
          aria-pressed={selected ?? false}
          style={{ transform: `translate(-50%, -50%) translate(${line.label.x}px, ${line.label.y}px)` }}
          onClick={() => onSelect(id)}
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
          <Badges view={view} />
          <span className="visually-hidden">{view.words}</span>
        </button>
      </EdgeLabelRenderer>
    </>
  );
});

function LockMark({ lock }: { lock: EdgeView['lock'] }) {
  if (lock === 'outside') return null;
  if (lock === 'all') return <Lock size={11} className="topo-lock" aria-hidden="true" />;
  return <LockOpen size={11} className="tone-text tone-warn" aria-hidden="true" />;
}

/** Says what is broken when one fault is armed here, else how many are. */
function FaultBadge({ view }: { view: EdgeView }) {
  const here = faultsOnEdge(useFaults(), view);
  const [only] = here;
  const words = here.map(({ spec }) => describeFault(spec)).join('; ');
  return (
    <span className="topo-badge tone-fault" title={words || 'Faults armed here'}>
      <Zap size={10} aria-hidden="true" />
      {here.length === 1 && only ? briefFault(only.spec) : view.faults}
    </span>
  );
}

function Badges({ view }: { view: EdgeView }) {
  const badges: { id: string; icon: LucideIcon; tone: string; text: string | number; title: string }[] = [];
  if (view.ejected > 0) badges.push({ id: 'ejected', icon: UserX, tone: 'bad', text: view.ejected, title: 'Hosts ejected' });
  if (view.overflows > 0)
    badges.push({
      id: 'overflow',
      icon: ShieldOff,
      tone: 'bad',
      text: view.overflows,
      title: 'Refused by a connection-pool limit',
    });
  if (view.timeouts > 0) badges.push({ id: 'timeout', icon: Hourglass, tone: 'warn', text: view.timeouts, title: 'Timeouts' });
  if (view.retries !== '')
    badges.push({ id: 'retry', icon: RotateCw, tone: 'warn', text: view.retries, title: 'Retries per request' });
  if (view.mirrors !== '')
    badges.push({
      id: 'mirror',
      icon: CopyIcon,
      tone: 'info',
      text: view.mirrors,
      title: `Requests are copied to ${view.mirrors}`,
    });
  if (badges.length === 0 && view.faults === 0) return null;
  return (
    <span className="topo-badges num">
      {view.faults > 0 && <FaultBadge view={view} />}
      {badges.slice(0, 5).map(({ id, icon: Icon, tone, text, title }) => (
        <span key={id} className={`topo-badge tone-${tone}`} title={title}>
          <Icon size={10} aria-hidden="true" />
          {text}
        </span>
      ))}
    </span>
  );
}

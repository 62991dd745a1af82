import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { Globe, LogIn, type LucideIcon, Server } from 'lucide-react';
import { memo } from 'react';
import { useNodeView } from './live-view.ts';
import type { NodeView } from './node-view.ts';

export type TopologyNode = Node<{ onSelect: (id: string) => void }, 'service'>;

const icons: Partial<Record<NodeView['kind'], LucideIcon>> = { gateway: LogIn, outside: Globe, external: Globe, service: Server };
const kindWords: Partial<Record<NodeView['kind'], string>> = {
  gateway: 'gateway',
  outside: 'callers',
  external: 'outside the mesh',
};

/** One box of the picture. Redraws when its own view changes, not with every tick. */
export const ServiceNode = memo(function ServiceNode({ id, data, selected }: NodeProps<TopologyNode>) {
  const view = useNodeView(id);
  if (!view) return null;
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {view.kind === 'version' ? (
        <VersionBox view={view} selected={selected} onSelect={data.onSelect} />
      ) : (
        <ServiceBox view={view} selected={selected} onSelect={data.onSelect} />
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
});

interface BoxProps {
  view: NodeView;
  selected: boolean;
  onSelect: (id: string) => void;
}

function ServiceBox({ view, selected, onSelect }: BoxProps) {
  const Icon = icons[view.kind] ?? Server;
  return (
    <button
      type="button"
      className="topo-node nopan"
      data-kind={view.kind}
      data-health={view.health.tone}
      data-dim={view.dim || undefined}
      data-inferred={view.inferred || undefined}
      data-testid={`topology-node-${view.name}`}
      aria-pressed={selected}
      onClick={() => onSelect(view.id)}
    >
      <span className="topo-node-head">
        <Icon size={14} strokeWidth={1.75} aria-hidden="true" />
        <span className="topo-node-name truncate" title={view.name}>
          {view.name}
        </span>
        {view.standIn !== '' && <StoodIn words={view.standIn} />}
        {view.ejected > 0 && (
          <span className="topo-ejected tone-text tone-bad" title="Taken out of the pool by outlier detection">
            <i aria-hidden="true">✖</i> {view.ejected} ejected
          </span>
        )}
        <span className="topo-node-kind" title={view.inferred ? 'Known from spans of the apps: no sidecar sees it' : undefined}>
          {kindOf(view)}
        </span>
      </span>
      <span className="topo-node-line num">
        {view.busy ? (
          <>
            <b>{view.rate}</b>
            <span className={`truncate ${view.errorMark ? `tone-text tone-${view.errorMark.tone}` : ''}`}>
              {view.errorMark && <i aria-hidden="true">{view.errorMark.glyph} </i>}
              {view.errors} err<span className="visually-hidden">ors</span>
            </span>
          </>
        ) : (
          view.aside !== '' && <b>{view.aside}</b>
        )}
        <span className={`topo-health tone-${view.health.tone}`}>
          <i aria-hidden="true">{view.health.glyph}</i>
          {view.health.word}
        </span>
      </span>
      {view.versions.length > 0 && <Versions versions={view.versions} busy={view.busy} />}
    </button>
  );
}

function kindOf({ kind, namespace, inferred }: NodeView): string {
  if (inferred) return '◌ inferred';
  return kindWords[kind] ?? (namespace && `in ${namespace}`);
}

/** Somebody else answers for it: seen at once, as its process need not even run. */
function StoodIn({ words }: { words: string }) {
  return (
    <span className="topo-standin-mark" title={`Answered from ${words}`} data-testid="stood-in">
      <i aria-hidden="true">◇</i> stand-in
    </span>
  );
}

function Versions({ versions, busy }: Pick<NodeView, 'versions' | 'busy'>) {
  return (
    <span className="topo-versions num">
      {versions.length > 1 && (
        <span className="topo-shares" aria-hidden="true">
          {versions.map(({ version, share }) => (
            <i key={version} style={{ flexGrow: busy ? Math.max(share, 0.02) : 1 }} />
          ))}
        </span>
      )}
      <span className="topo-version-list">
        {versions.map(({ version, text, ready, workloads, errorMark }) => (
          <span key={version} className="topo-version">
            {errorMark && (
              <i className={`tone-text tone-${errorMark.tone}`} aria-hidden="true">
                {errorMark.glyph}
              </i>
            )}
            {ready < workloads && (
              <i className="tone-text tone-bad" aria-hidden="true">
                ✖
              </i>
            )}
            <b className="truncate" title={version}>
              {version}
            </b>
            {versions.length > 1 && busy && <span>{text}</span>}
            {workloads > 1 && (
              <span>
                {ready < workloads ? `${ready} of ` : '×'}
                {workloads}
              </span>
            )}
          </span>
        ))}
      </span>
    </span>
  );
}

function VersionBox({ view, selected, onSelect }: BoxProps) {
  return (
    <button
      type="button"
      className="topo-node topo-node-version nopan"
      data-health={view.health.tone}
      data-dim={view.dim || undefined}
      aria-pressed={selected}
      onClick={() => onSelect(view.id)}
    >
      <span className="topo-node-head">
        <span className="topo-node-name truncate">{view.name}</span>
        <span className={`topo-health tone-${view.health.tone}`}>
          <i aria-hidden="true">{view.health.glyph}</i>
          {view.health.word}
        </span>
      </span>
      <span className="topo-node-line num">
        <b>{view.rate}</b>
        {view.errorMark && (
          <span className={`tone-text tone-${view.errorMark.tone}`}>
            <i aria-hidden="true">{view.errorMark.glyph} </i>
            {view.errors} errors
          </span>
        )}
      </span>
    </button>
  );
}

/** Boxes have sizes known beforehand: the layout does not wait for the browser to measure them. */
export function sizeOfNode(view: Pick<NodeView, 'kind' | 'versions'>): { width: number; height: number } {
  if (view.kind === 'version') return { width: 148, height: 56 };
  const rows = Math.ceil(view.versions.length / 3);
  const versions = view.versions.length === 0 ? 0 : view.versions.length === 1 ? 24 : 16 + rows * 20;
  return { width: 192, height: 60 + versions };
}

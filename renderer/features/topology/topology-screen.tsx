import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import type { Graph, GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { useEngine, useGraph, useSelected } from '../../engine/use-engine.ts';
import { Button, EmptyState, Notice } from '../../ui/index.ts';
import { ImportDialog } from '../register/import-dialog.tsx';
import { RegisterDialog } from '../register/register-dialog.tsx';
import { EdgePanel } from './edge-panel.tsx';
import { FindBar } from './find-bar.tsx';
import { NodePanel } from './node-panel.tsx';
import './topology.css';
import { NoServices, Waiting } from './topology-empty.tsx';
import { findInGraph, hideOthers } from './topology-find.ts';
import { Picture } from './topology-picture.tsx';
import { type TopologyActions, type TopologyQuery, useTopologyQuery, type ViewKind } from './topology-query.ts';
import { TopologyTable } from './topology-table.tsx';
import { TopologyToolbar } from './topology-toolbar.tsx';
import { restEdges } from './topology-view.ts';
import { useTopologyCommands } from './use-topology-commands.ts';

/** Above this the table is shown unless the picture is asked for. */
const maxPictureNodes = 150;

/** Who calls whom. The screen itself knows only whether there is something to show; what changes with every tick is drawn further in. */
export default function TopologyScreen() {
  const engine = useEngine();
  const [query, actions] = useTopologyQuery();
  const [fitToken, setFitToken] = useState(0);
  const fit = useCallback(() => setFitToken((token) => token + 1), []);
  const hasGraph = useSelected(engine.graph, (graph) => graph !== null);
  const hasCalls = useSelected(engine.graph, (graph) => (graph?.edges.length ?? 0) > 0);
  const tooMany = useSelected(engine.graph, (graph) => (graph?.nodes.length ?? 0) > maxPictureNodes);
  const hasNoService = useSelected(engine.status, (status) => status !== null && status.services.length === 0);
  const isEmpty = hasGraph && hasNoService && !hasCalls;
  const view = query.view ?? (tooMany ? 'table' : 'graph');
  useTopologyCommands(query, view, actions, fit);
  return (
    <div className="screen topology" data-testid="topology-screen">
      <TopologyToolbar label={query.label} group={query.group} view={view} withChoices={hasGraph && !isEmpty} actions={actions} />
      {!hasGraph ? (
        <Waiting />
      ) : isEmpty ? (
        <NoServices actions={actions} />
      ) : (
        <Body query={query} view={view} tooMany={tooMany} actions={actions} fitToken={fitToken} />
      )}
      <RegisterDialog open={query.dialog === 'add'} onClose={actions.closeDialog} />
      <ImportDialog open={query.dialog === 'import'} onClose={actions.closeDialog} />
    </div>
  );
}

interface BodyProps {
  query: TopologyQuery;
  view: ViewKind;
  tooMany: boolean;
  actions: TopologyActions;
  fitToken: number;
}

function Body({ query, view, tooMany, actions, fitToken }: BodyProps) {
  const graph = useRestingGraph();
  const { select } = actions;
  const close = useCallback(() => select(null), [select]);
  const showTable = useCallback(() => actions.setView('table'), [actions]);
  const filter = useMemo(() => parseFilter(query.find), [query.find]);
  const found = useMemo(() => graph && findInGraph(graph, filter), [graph, filter]);
  if (!graph) return null;
  const hides = found !== null && (query.mode === 'hide' || view === 'table');
  const shown = hides ? hideOthers(graph, found) : graph;
  return (
    <div className="topo-body">
      <div className="topo-main">
        <FindBar graph={graph} text={query.find} filter={filter} found={found} mode={query.mode} actions={actions} />
        {view === 'table' ? (
          <>
            {tooMany && <TooMany count={graph.nodes.length} />}
            <TopologyTable graph={shown} selected={query.selected} onSelect={select} />
          </>
        ) : (
          <Picture
            graph={shown}
            found={found}
            label={query.label}
            group={query.group}
            selected={query.selected}
            onSelect={select}
            onTable={showTable}
            fitToken={fitToken}
          />
        )}
      </div>
      {query.selected && <SidePanel graph={graph} selected={query.selected} onSelect={select} onClose={close} />}
    </div>
  );
}

/** The graph, with the edges that rested since they were seen. */
function useRestingGraph(): Graph | null {
  const latest = useGraph();
  const seen = useRef<readonly GraphEdge[]>([]);
  const graph = useMemo(() => latest && restEdges(latest, seen.current), [latest]);
  useEffect(() => {
    if (graph) seen.current = graph.edges;
  }, [graph]);
  return graph;
}

function TooMany({ count }: { count: number }) {
  return (
    <div className="topo-crowded">
      <Notice tone="info">{count} services are more than a picture can show well: this is the table.</Notice>
    </div>
  );
}

interface SidePanelProps {
  graph: Graph;
  selected: string;
  onSelect: (id: string | null) => void;
  onClose: () => void;
}

function SidePanel({ graph, selected, onSelect, onClose }: SidePanelProps) {
  const edge = graph.edges.find(({ id }) => id === selected);
  if (edge) {
    const target = graph.nodes.find(({ id }) => id === edge.to);
    return <EdgePanel key={edge.id} edge={edge} target={target} onClose={onClose} />;
  }
  const node = graph.nodes.find(({ id }) => id === selected);
  if (node) return <NodePanel key={node.id} node={node} graph={graph} onSelect={onSelect} onClose={onClose} />;
  const isEdge = selected.includes('->');
  return (
    <aside className="topo-panel" aria-label="Selection">
      <EmptyState title="Not in this window" actions={<Button onClick={onClose}>Close</Button>}>
        {isEdge
          ? 'Nothing passed between these in the time on show. A wider window may have it.'
          : 'It is not in the mesh, and nothing passed there in the time on show.'}
      </EmptyState>
    </aside>
  );
}

import { Maximize, Network, Plus, Send, Table2, Tag, X } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCommandRegistry, useCommands } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { createStore } from '../../engine/store.ts';
import { useGraph, useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState, Notice, Segments, Skeleton, Toolbar } from '../../ui/index.ts';
import { RegisterDialog } from '../register/register-dialog.tsx';
import { parseFilter } from '../requests/filter.ts';
import { EdgePanel } from './edge-panel.tsx';
import { FindBar, type FindMode } from './find-bar.tsx';
import { firstCalls } from './first-calls.ts';
import { NodePanel } from './node-panel.tsx';
import { type Found, findInGraph, hideOthers } from './topology-find.ts';
import './topology.css';
import { healthOf } from '../health/health-marks.ts';
import { TopologyTable } from './topology-table.tsx';
import { emptyView, type GroupBy, type LabelKind, labelKinds, restEdges, viewGraph } from './topology-view.ts';

const TopologyCanvas = lazy(() => import('./topology-canvas.tsx'));

/** Above this the table is shown unless the picture is asked for. */
const maxPictureNodes = 150;
/** Above this a picture is crowded; the screen says what helps. */
const crowdedNodes = 60;

export default function TopologyScreen() {
  const latest = useGraph();
  const seen = useRef<readonly GraphEdge[]>([]);
  const graph = useMemo(() => latest && restEdges(latest, seen.current), [latest]);
  useEffect(() => {
    if (graph) seen.current = graph.edges;
  }, [graph]);
  const status = useStatus();
  const { query } = useRoute();
  const router = useRouter();
  const label = readChoice(query.get('labels'), labelKinds, 'rate');
  const group = readChoice<GroupBy>(query.get('group'), ['service', 'version'], 'service');
  const tooMany = (graph?.nodes.length ?? 0) > maxPictureNodes;
  const view = readChoice(query.get('view'), ['graph', 'table'] as const, tooMany ? 'table' : 'graph');
  const selected = query.get('edge') ?? query.get('node');
  const [fitToken, setFitToken] = useState(0);
  const findText = query.get('find') ?? '';
  const findMode = readChoice<FindMode>(query.get('mode'), ['find', 'hide'], 'find');
  const filter = useMemo(() => parseFilter(findText), [findText]);
  const found = useMemo(() => graph && findInGraph(graph, filter), [graph, filter]);
  const shown = useMemo(
    () => (graph && found && findMode === 'hide' ? hideOthers(graph, found) : graph),
    [graph, found, findMode],
  );

  const select = useCallback(
    (id: string | null) => {
      const plain = id?.includes('@') ? (id.includes('->') ? (id.split('->')[0] ?? id) : (id.split('@')[0] ?? id)) : id;
      const isEdge = plain?.includes('->') ?? false;
      router.setQuery(
        { edge: isEdge ? plain : null, node: isEdge ? null : plain },
        { push: selected === null && plain !== null },
      );
    },
    [router, selected],
  );
  const close = useCallback(() => select(null), [select]);
  const setChoice = (name: string, fallback: string) => (value: string) =>
    router.setQuery({ [name]: value === fallback ? null : value });
  const openRegister = () => router.setQuery({ add: '1' }, { push: true });

  useCommands([
    {
      id: 'topology.fit',
      title: 'Fit the graph into the window',
      group: 'This screen',
      icon: Maximize,
      keys: 'f',
      run: () => setFitToken((token) => token + 1),
    },
    {
      id: 'topology.labels',
      title: 'Next label on the edges',
      group: 'This screen',
      icon: Tag,
      keys: 'l',
      run: () => setChoice('labels', 'rate')(labelKinds[(labelKinds.indexOf(label) + 1) % labelKinds.length] ?? 'rate'),
    },
    {
      id: 'topology.group',
      title: group === 'service' ? 'Group by version' : 'Group by service',
      group: 'This screen',
      icon: Network,
      keys: 'v',
      run: () => setChoice('group', 'service')(group === 'service' ? 'version' : 'service'),
    },
    {
      id: 'topology.table',
      title: view === 'graph' ? 'Show as a table' : 'Show as a graph',
      group: 'This screen',
      icon: Table2,
      run: () => router.setQuery({ view: view === 'graph' ? 'table' : 'graph' }),
    },
    {
      id: 'topology.close',
      title: 'Close the panel',
      group: 'This screen',
      icon: X,
      keys: 'Escape',
      when: () => selected !== null,
      run: close,
    },
  ]);

  const none = graph !== null && status !== null && status.services.length === 0 && graph.edges.length === 0;
  return (
    <div className="screen topology" data-testid="topology-screen">
      <Toolbar title="Topology">
        <span className="grow" />
        {!none && graph && (
          <>
            {view === 'graph' && (
              <>
                <span className="muted topo-bar-word">Labels</span>
                <Segments
                  label="Edge labels"
                  value={label}
                  options={labelKinds.map((value) => ({ value, label: value }))}
                  onChange={setChoice('labels', 'rate')}
                />
                <Segments
                  label="Group by"
                  value={group}
                  options={[
                    { value: 'service', label: 'service' },
                    { value: 'version', label: 'version' },
                  ]}
                  onChange={setChoice('group', 'service')}
                />
              </>
            )}
            <Segments
              label="Show as"
              value={view}
              options={[
                { value: 'graph', label: 'Graph' },
                { value: 'table', label: 'Table' },
              ]}
              onChange={(value) => router.setQuery({ view: value })}
            />
          </>
        )}
        <Button icon={<Plus size={14} />} data-testid="add-service" onClick={openRegister}>
          Add service
        </Button>
      </Toolbar>
      <div className="topo-body">
        <div className="topo-main">
          {graph && !none && (
            <FindBar
              graph={graph}
              text={findText}
              filter={filter}
              found={found}
              mode={findMode}
              onText={(text) => router.setQuery({ find: text === '' ? null : text })}
              onMode={setChoice('mode', 'find')}
            />
          )}
          {none ? (
            <NoServices onAdd={openRegister} />
          ) : !graph ? (
            <Waiting />
          ) : view === 'table' ? (
            <>
              {tooMany && (
                <div style={{ padding: '12px 16px 0' }}>
                  <Notice tone="info">
                    {graph.nodes.length} services are more than a picture can show well: this is the table.
                  </Notice>
                </div>
              )}
              <TopologyTable graph={found && shown ? hideOthers(shown, found) : graph} selected={selected} onSelect={select} />
            </>
          ) : (
            <Picture
              graph={shown ?? graph}
              found={found}
              label={label}
              group={group}
              selected={selected}
              onSelect={select}
              fitToken={fitToken}
            />
          )}
        </div>
        {graph && selected && <SidePanel graph={graph} selected={selected} onSelect={select} onClose={close} />}
      </div>
      <RegisterDialog open={query.get('add') !== null} onClose={() => router.setQuery({ add: null })} />
    </div>
  );
}

function readChoice<T extends string>(text: string | null, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === text) ?? fallback;
}

interface PictureProps {
  graph: Graph;
  found: Found | null;
  label: LabelKind;
  group: GroupBy;
  selected: string | null;
  onSelect: (id: string | null) => void;
  fitToken: number;
}

function Picture({ graph, found, label, group, selected, onSelect, fitToken }: PictureProps) {
  const { paused } = usePreferences();
  const connected = useStreamState().phase === 'live';
  const router = useRouter();
  const live = useMemo(() => createStore(emptyView), []);
  // Derived while rendering, published afterwards: nodes and edges that look as before stay the same objects and are not drawn again.
  const view = useMemo(() => viewGraph(graph, { label, group, found }, live.get()), [graph, found, label, group, live]);
  useLayoutEffect(() => live.set(view), [live, view]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the layout follows what there is, not the numbers.
  const laid = useMemo(() => view, [view.structure]);
  const crowded = view.nodes.size > crowdedNodes;
  return (
    <>
      {crowded && (
        <div className="topo-crowded">
          <Notice tone="info">
            {view.nodes.size} boxes are many for a picture, so its lines rest.{' '}
            <button type="button" className="topo-link" onClick={() => router.setQuery({ view: 'table' })}>
              Show the table
            </button>
          </Notice>
        </div>
      )}
      <Suspense fallback={<Skeleton lines={8} height={18} />}>
        <TopologyCanvas
          live={live}
          laid={laid}
          selected={selected}
          onSelect={onSelect}
          moving={!paused && connected && !crowded}
          fitToken={fitToken}
        />
      </Suspense>
      <HealthAnnouncer graph={graph} />
      {graph.edges.every(({ count }) => count === 0) && <NoTraffic />}
    </>
  );
}

const announceEveryMs = 2000;

/** Says which services changed their health, all of two seconds in one polite sentence. */
function HealthAnnouncer({ graph }: { graph: Graph }) {
  const known = useRef<ReadonlyMap<string, GraphNode['health']> | null>(null);
  const [words, setWords] = useState('');
  const latest = useRef(graph);
  latest.current = graph;
  useEffect(() => {
    const timer = setInterval(() => {
      const { nodes } = latest.current;
      const before = known.current;
      known.current = new Map(nodes.map(({ id, health }) => [id, health]));
      const changed = nodes.filter(({ id, health }) => before?.has(id) && before.get(id) !== health);
      if (changed.length > 0) setWords(changed.map(({ name, health }) => `${name}: ${healthOf(health).word}`).join(', '));
    }, announceEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="visually-hidden" role="status">
      {words}
    </div>
  );
}

function SidePanel({
  graph,
  selected,
  onSelect,
  onClose,
}: {
  graph: Graph;
  selected: string;
  onSelect: (id: string | null) => void;
  onClose: () => void;
}) {
  const edge = graph.edges.find(({ id }) => id === selected);
  if (edge) {
    const target = graph.nodes.find(({ id }) => id === edge.to);
    return <EdgePanel key={edge.id} edge={edge} target={target} onClose={onClose} />;
  }
  const node = graph.nodes.find(({ id }) => id === selected);
  if (node) return <NodePanel key={node.id} node={node} graph={graph} onSelect={onSelect} onClose={onClose} />;
  return (
    <aside className="topo-panel" aria-label="Selection">
      <EmptyState title="Not in this window" actions={<Button onClick={onClose}>Close</Button>}>
        Nothing passed between these in the time on show. A wider window may have it.
      </EmptyState>
    </aside>
  );
}

function NoServices({ onAdd }: { onAdd: () => void }) {
  return (
    <EmptyState
      icon={Network}
      title="No services yet"
      actions={
        <Button variant="primary" icon={<Plus size={14} />} onClick={onAdd}>
          Add service
        </Button>
      }
    >
      <p>
        Name a process that listens on this machine, and it gets a sidecar. Or start the demo shop, nine services with live
        traffic:
      </p>
      <div className="topo-demo">
        <Code text="npx drydock up -f samples/shop" />
      </div>
    </EmptyState>
  );
}

function Waiting() {
  const phase = useStreamState().phase;
  if (phase === 'live') return <Skeleton lines={8} height={18} />;
  return (
    <EmptyState icon={Network} title="Not connected yet">
      The topology appears here as soon as an engine answers.
    </EmptyState>
  );
}

function NoTraffic() {
  const registry = useCommandRegistry();
  const status = useStatus();
  const commands = firstCalls(status);
  if (commands.length === 0) return null;
  return (
    <div className="topo-hint topo-hint-floating" data-testid="no-traffic">
      <strong>No traffic in this window</strong>
      <span className="soft">
        Send a request and the edge appears within a second: from outside through the ingress, or as a service through its own
        sidecar.
      </span>
      {commands.map((command) => (
        <Code key={command} text={command} />
      ))}
      {testTarget(status) !== null && (
        <Button variant="primary" icon={<Send size={13} />} onClick={() => registry.run(sendTestRequest)}>
          Send a test request
        </Button>
      )}
    </div>
  );
}

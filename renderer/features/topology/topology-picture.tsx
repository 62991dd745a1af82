import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Graph } from '../../../proxy/api/observability.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { createStore } from '../../engine/store.ts';
import { useEngine, useFaults, useSelected, useStreamState } from '../../engine/use-engine.ts';
import { Notice, Skeleton } from '../../ui/index.ts';
import { healthAmong } from '../health/health-marks.ts';
import type { LabelKind } from './edge-view.ts';
import { NoTraffic, NothingFound } from './topology-empty.tsx';
import type { Found } from './topology-find.ts';
import { emptyView, type GroupBy, viewGraph } from './topology-view.ts';

const TopologyCanvas = lazy(() => import('./topology-canvas.tsx'));

/** Above this a picture is crowded; the screen says what helps. */
const crowdedBoxes = 90;

export interface PictureProps {
  graph: Graph;
  found: Found | null;
  label: LabelKind;
  group: GroupBy;
  selected: string | null;
  onSelect: (id: string | null) => void;
  onTable: () => void;
  fitToken: number;
}

/** The graph as a picture, and what is said about it. */
export function Picture({ graph, found, label, group, selected, onSelect, onTable, fitToken }: PictureProps) {
  const { paused } = usePreferences();
  const connected = useStreamState().phase === 'live';
  const faults = useFaults();
  const standIns = useSelected(useEngine().status, (status) => status?.simulations);
  const live = useMemo(() => createStore(emptyView), []);
  // Derived while rendering, published afterwards: nodes and edges that look as before stay the same objects and are not drawn again.
  const view = useMemo(
    () => viewGraph(graph, { label, group, found, faults, standIns }, live.get()),
    [graph, found, label, group, faults, standIns, live],
  );
  useLayoutEffect(() => live.set(view), [live, view]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the layout follows what there is, not the numbers.
  const laid = useMemo(() => view, [view.structure]);
  return (
    <>
      {view.nodes.size > crowdedBoxes && (
        <div className="topo-crowded">
          <Notice tone="info">
            {view.nodes.size} boxes are many for a picture.{' '}
            <button type="button" className="topo-link" onClick={onTable}>
              Show the table
            </button>{' '}
            or hide what is not looked for.
          </Notice>
        </div>
      )}
      <Suspense fallback={<Skeleton lines={8} height={18} />}>
        <TopologyCanvas
          live={live}
          laid={laid}
          selected={selected}
          onSelect={onSelect}
          moving={!paused && connected}
          fitToken={fitToken}
        />
      </Suspense>
      <HealthAnnouncer graph={graph} />
      {graph.nodes.length === 0 ? (
        <NothingFound />
      ) : (
        !graph.edges.some(({ count, open = 0 }) => count > 0 || open > 0) && found === null && <NoTraffic />
      )}
    </>
  );
}

const announceEveryMs = 2000;

/** Says which services changed their health, all of two seconds in one polite sentence. */
function HealthAnnouncer({ graph }: { graph: Graph }) {
  const known = useRef<ReadonlyMap<string, string> | null>(null);
  const [words, setWords] = useState('');
  const latest = useRef(graph);
  latest.current = graph;
  useEffect(() => {
    const timer = setInterval(() => {
      const { nodes, edges } = latest.current;
      const before = known.current;
      const wordOf = new Map(nodes.map((node) => [node.id, healthAmong(node, edges).word]));
      known.current = wordOf;
      const changed = nodes.filter(({ id }) => before?.has(id) && before.get(id) !== wordOf.get(id));
      if (changed.length > 0) setWords(changed.map(({ id, name }) => `${name}: ${wordOf.get(id)}`).join(', '));
    }, announceEveryMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="visually-hidden" role="status">
      {words}
    </div>
  );
}

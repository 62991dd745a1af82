import { MiniMap, Panel, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { Maximize, Minus, Plus } from 'lucide-react';
import { memo, useCallback, useEffect, useMemo, useRef } from 'react';
import type { Store } from '../../engine/store.ts';
import { IconButton } from '../../ui/index.ts';
import { LiveViewContext, type Motion, MotionContext } from './live-view.ts';
import { ServiceNode, sizeOfNode, type TopologyNode } from './service-node.tsx';
import { layOut } from './topology-layout.ts';
import type { TopologyView } from './topology-view.ts';
import { type TopologyEdge, TrafficEdge } from './traffic-edge.tsx';
import { densestPlace, frameOf, viewportAround } from './viewport-around.ts';

const nodeTypes = { service: ServiceNode };
const edgeTypes = { traffic: TrafficEdge };
const fitOptions = {
  padding: { top: '28px', left: '28px', right: '28px', bottom: '64px' } as const,
  maxZoom: 1.1,
  minZoom: 0.25,
};
/** From the most on names are read with ease, at the least one still sees which box is which. */
const readable = { least: 0.3, most: 0.62 };
const manyNodes = 24;
const minimapFrom = 18;
/** Each dot is a layer of its own for the compositor, and every tick of the page carries them all: beyond this many they cost more than they say. */
const maxDots = 48;
const maxDotsPerEdge = 5;

export interface TopologyCanvasProps {
  live: Store<TopologyView>;
  /** The nodes and edges there are: a new object only when they change, and then it is laid out again. */
  laid: TopologyView;
  selected: string | null;
  onSelect: (id: string | null) => void;
  /** Requests flow: false while the view is paused or the engine away. */
  moving: boolean;
  /** Change it to fit the picture into the window. */
  fitToken: number;
}

export default memo(function TopologyCanvas(props: TopologyCanvasProps) {
  const { laid, moving } = props;
  const motion = useMemo(() => motionOf(laid, moving), [laid, moving]);
  return (
    <LiveViewContext.Provider value={props.live}>
      <ReactFlowProvider>
        <MotionContext.Provider value={motion}>
          <Canvas {...props} />
        </MotionContext.Provider>
      </ReactFlowProvider>
    </LiveViewContext.Provider>
  );
});

function motionOf(laid: TopologyView, moving: boolean): Motion {
  const dots = Math.min(maxDotsPerEdge, Math.floor(maxDots / Math.max(1, laid.edges.size)));
  return { dots, moving };
}

function Canvas({ laid: view, selected, onSelect, fitToken }: TopologyCanvasProps) {
  const flow = useReactFlow<TopologyNode, TopologyEdge>();
  const box = useRef<HTMLDivElement>(null);
  const select = useRef(onSelect);
  select.current = onSelect;
  const choose = useCallback((id: string) => select.current(id), []);

  const layout = useMemo(
    () =>
      layOut(
        [...view.nodes.values()].map((node) => ({ id: node.id, ...sizeOfNode(node) })),
        [...view.edges.values()],
      ),
    [view],
  );

  const nodes = useMemo<TopologyNode[]>(
    () =>
      [...layout.nodes].map(([id, { x, y, width, height }]) => ({
        id,
        type: 'service',
        position: { x, y },
        width,
        height,
        selected: id === selected,
        data: { onSelect: choose },
      })),
    [layout, selected, choose],
  );
  const edges = useMemo<TopologyEdge[]>(
    () =>
      [...layout.edges].flatMap(([id, line]) => {
        const edge = view.edges.get(id);
        if (!edge) return [];
        const { from: source, to: target } = edge;
        return [{ id, type: 'traffic' as const, source, target, selected: id === selected, data: { line, onSelect: choose } }];
      }),
    [layout, view, selected, choose],
  );

  const chosen = useRef<string | null>(null);
  chosen.current = selected;
  const fitAll = useCallback(() => void flow.fitView(fitOptions), [flow]);
  /** Everything, unless it would be too small to read: then the selection with both ends, else where most of them stand. */
  const fitReadable = useCallback(() => {
    void flow.fitView(fitOptions).then(() => {
      if (flow.getZoom() >= readable.most || !box.current) return;
      const size = { width: box.current.clientWidth, height: box.current.clientHeight };
      const seen = chosen.current === null ? null : frameOf(layout, endsOf(view, chosen.current), size, readable);
      const dense = layout.nodes.size > manyNodes ? densestPlace(layout, size, readable.most) : null;
      const place = seen?.place ?? dense;
      if (place) void flow.setViewport(viewportAround(layout, place, size, seen?.zoom ?? readable.most));
    });
  }, [flow, layout, view]);
  useEffect(() => {
    const frame = requestAnimationFrame(fitReadable);
    return () => cancelAnimationFrame(frame);
  }, [fitReadable]);
  const asked = useRef(fitToken);
  useEffect(() => {
    if (asked.current !== fitToken) fitAll();
    asked.current = fitToken;
  }, [fitAll, fitToken]);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(fitReadable);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [fitReadable]);

  return (
    <div ref={box} className="topo-canvas">
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onPaneClick={() => onSelect(null)}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        minZoom={0.2}
        maxZoom={1.8}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode={null}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
        aria-label="Services and the calls between them. The table shows the same."
      >
        {nodes.length >= minimapFrom && <MiniMap pannable zoomable nodeBorderRadius={6} ariaLabel="Overview of the topology" />}
        <Panel position="bottom-left" className="topo-zoom">
          <IconButton size="small" label="Zoom in" icon={<Plus size={14} />} onClick={() => void flow.zoomIn()} />
          <IconButton size="small" label="Zoom out" icon={<Minus size={14} />} onClick={() => void flow.zoomOut()} />
          <IconButton size="small" label="Fit everything" keys="f" icon={<Maximize size={13} />} onClick={fitAll} />
        </Panel>
      </ReactFlow>
    </div>
  );
}

/** The boxes that show a node or an edge. */
function endsOf(view: TopologyView, id: string): string[] {
  const edge = view.edges.get(id);
  return edge ? [edge.from, edge.to] : [id];
}

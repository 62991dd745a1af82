import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { Store } from '../../engine/store.ts';
import type { EdgeView } from './edge-view.ts';
import type { NodeView } from './node-view.ts';
import { emptyView, type TopologyView } from './topology-view.ts';

/** The picture outside React: each node and edge reads its own part, so a tick redraws only what looks different. */
export const LiveViewContext = createContext<Store<TopologyView> | null>(null);

/** Dots on the lines: at most so many on each; 0 where there would be too many of them. */
export interface Motion {
  dots: number;
  moving: boolean;
}
export const MotionContext = createContext<Motion>({ dots: 0, moving: false });

const nowhere: Store<TopologyView> = { get: () => emptyView, subscribe: () => () => {} };

function useLive<T>(read: (view: TopologyView) => T): T {
  const store = useContext(LiveViewContext) ?? nowhere;
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(listener), [store]),
    () => read(store.get()),
  );
}

export const useNodeView = (id: string): NodeView | undefined => useLive((view) => view.nodes.get(id));
export const useEdgeView = (id: string): EdgeView | undefined => useLive((view) => view.edges.get(id));
export const useMotion = (): Motion => useContext(MotionContext);

import { Maximize, Network, Table2, Tag, X } from 'lucide-react';
import { useCommands } from '../../commands/registry.ts';
import { labelKinds } from './edge-view.ts';
import type { TopologyActions, TopologyQuery, ViewKind } from './topology-query.ts';

/** What this screen adds to the palette and the keys. */
export function useTopologyCommands(query: TopologyQuery, view: ViewKind, actions: TopologyActions, fit: () => void): void {
  const { label, group, selected } = query;
  const screen = 'This screen';
  useCommands([
    { id: 'topology.fit', title: 'Fit the graph into the window', group: screen, icon: Maximize, keys: 'f', run: fit },
    {
      id: 'topology.labels',
      title: 'Next label on the edges',
      group: screen,
      icon: Tag,
      keys: 'l',
      run: () => actions.setLabel(labelKinds[(labelKinds.indexOf(label) + 1) % labelKinds.length] ?? 'rate'),
    },
    {
      id: 'topology.group',
      title: group === 'service' ? 'Group by version' : 'Group by service',
      group: screen,
      icon: Network,
      keys: 'v',
      run: () => actions.setGroup(group === 'service' ? 'version' : 'service'),
    },
    {
      id: 'topology.table',
      title: view === 'graph' ? 'Show as a table' : 'Show as a graph',
      group: screen,
      icon: Table2,
      run: () => actions.setView(view === 'graph' ? 'table' : 'graph'),
    },
    {
      id: 'topology.close',
      title: 'Close the panel',
      group: screen,
      icon: X,
      keys: 'Escape',
      when: () => selected !== null,
      run: () => actions.select(null),
    },
  ]);
}

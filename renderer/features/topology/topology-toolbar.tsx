import { Plus } from 'lucide-react';
import { memo } from 'react';
import { Button, Segments, Toolbar } from '../../ui/index.ts';
import { labelKinds } from './edge-view.ts';
import type { TopologyActions, TopologyQuery, ViewKind } from './topology-query.ts';

const labels = labelKinds.map((value) => ({ value, label: value }));
const groups = [
  { value: 'service', label: 'service' },
  { value: 'version', label: 'version' },
] as const;
const views = [
  { value: 'graph', label: 'Graph' },
  { value: 'table', label: 'Table' },
] as const;

export interface TopologyToolbarProps extends Pick<TopologyQuery, 'label' | 'group'> {
  view: ViewKind;
  /** There is something to choose how to look at. */
  withChoices: boolean;
  actions: TopologyActions;
}

export const TopologyToolbar = memo(function TopologyToolbar({ label, group, view, withChoices, actions }: TopologyToolbarProps) {
  return (
    <Toolbar title="Topology">
      <span className="grow" />
      {withChoices && view === 'graph' && (
        <>
          <span className="muted topo-bar-word">Labels</span>
          <Segments label="Edge labels" value={label} options={labels} onChange={actions.setLabel} />
          <Segments label="Group by" value={group} options={groups} onChange={actions.setGroup} />
        </>
      )}
      {withChoices && <Segments label="Show as" value={view} options={views} onChange={actions.setView} />}
      <Button icon={<Plus size={14} />} data-testid="add-service" onClick={() => actions.openDialog('add')}>
        Add service
      </Button>
    </Toolbar>
  );
});

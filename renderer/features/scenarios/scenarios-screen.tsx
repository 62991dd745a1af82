import { ClipboardCheck } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import { Button, EmptyState, ErrorState, Skeleton, Toolbar } from '../../ui/index.ts';
import { ScenarioDetail } from './scenario-detail.tsx';
import { ScenarioList } from './scenario-list.tsx';
import { canBeCalled, NobodyToCall, Templates } from './templates.tsx';
import './scenarios.css';

const idleMs = 3000;

/** Drills: load, faults and changes over time, with what must hold. On the left the scenarios of this mesh, on the right one of them. */
export default function ScenariosScreen() {
  const { query } = useRoute();
  const router = useRouter();
  const resources = useCall('listResourcesOfKind', { params: { kind: 'Scenario' } }, idleMs);
  const runs = useCall('listScenarioRuns', {}, idleMs);
  const canCall = useStatus()?.services.some(canBeCalled) ?? true;
  const [showTemplates, setShowTemplates] = useState(false);
  const scenarios = useMemo(() => resources.data?.resources ?? [], [resources.data]);
  const name = query.get('name') ?? scenarios[0]?.name ?? null;
  const selected = scenarios.find((scenario) => scenario.name === name) ?? null;
  const select = (next: string) => {
    setShowTemplates(false);
    router.setQuery({ name: next, run: undefined, with: undefined }, { push: true });
  };
  return (
    <div className="screen scn">
      <Toolbar title="Scenarios">
        <div className="grow" />
        {scenarios.length > 0 && (
          <Button onClick={() => setShowTemplates(!showTemplates)} aria-pressed={showTemplates}>
            Templates
          </Button>
        )}
      </Toolbar>
      {resources.error && !resources.data ? (
        <ErrorState title="The scenarios cannot be read" message={resources.error} onRetry={resources.reload} />
      ) : !resources.data ? (
        <Skeleton lines={6} />
      ) : scenarios.length === 0 && !canCall ? (
        <NobodyToCall />
      ) : scenarios.length === 0 ? (
        <div className="screen-scroll scn-first">
          <EmptyState icon={ClipboardCheck} title="No drill yet">
            A scenario sends load, breaks things on a timetable and says what must hold. Begin with one of these, or write a
            document of kind Scenario beside the mesh.
          </EmptyState>
          <Templates onMade={select} />
        </div>
      ) : (
        <div className="scn-split">
          <ScenarioList scenarios={scenarios} runs={runs.data?.runs ?? []} selected={selected?.name ?? ''} onSelect={select} />
          <div className="scn-detail">
            {showTemplates ? (
              <Templates onMade={select} />
            ) : selected ? (
              <ScenarioDetail
                key={selected.name}
                scenario={selected}
                onChanged={() => {
                  runs.reload();
                  resources.reload();
                }}
              />
            ) : (
              <EmptyState title="This scenario is not in the mesh">Select one on the left.</EmptyState>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

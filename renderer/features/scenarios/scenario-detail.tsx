import { useEffect, useMemo, useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { type ScenarioRun, type ScenarioSpec, scenarioSpecSchema } from '../../../proxy/api/scenario.schema.ts';
import { useRoute } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Notice, Panel, useToasts } from '../../ui/index.ts';
import { RunComparison } from './run-comparison.tsx';
import { ScenarioHead } from './scenario-head.tsx';
import { ScenarioResult } from './scenario-result.tsx';
import { ScenarioTimeline } from './scenario-timeline.tsx';
import { formatOffset, type Plan, planOf } from './scenario-words.ts';
import { isOutdated, placeTrack, type TrackName } from './track-edit.ts';

const idleMs = 3000;
const liveMs = 400;

/** One scenario: its timeline, to be changed, run and stepped through, and what its runs found. */
export function ScenarioDetail({ scenario, onChanged }: { scenario: Resource; onChanged: () => void }) {
  const { query } = useRoute();
  const { name, namespace } = scenario;
  const [busy, setBusy] = useState(false);
  const list = useCall('listScenarioRuns', { query: { scenario: name, limit: 20 } }, busy ? liveMs : idleMs);
  const runs = (list.data?.runs ?? []).filter((run) => run.namespace === namespace);
  const run = runs.find(({ id }) => id === query.get('run')) ?? runs[0] ?? null;
  const running = runs.some(({ state }) => state === 'running');
  if (running !== busy && list.data) setBusy(running);
  // The list beside it is asked for less often: what began or ended here is told there at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the change itself is told.
  useEffect(() => onChanged(), [running]);
  const parsed = useMemo(() => scenarioSpecSchema.safeParse(scenario.spec), [scenario.spec]);
  const reload = () => {
    list.reload();
    onChanged();
  };
  const place = usePlacing(scenario, onChanged);
  if (!parsed.success) return <Notice tone="bad">This scenario cannot be read: {parsed.error.issues[0]?.message}</Notice>;
  const plan = planOf(parsed.data);
  const outdated = run !== null && isOutdated(plan, run);
  return (
    <>
      <ScenarioHead scenario={scenario} spec={parsed.data} run={run} runs={runs} onChanged={reload} />
      <Panel title="Timeline" hint={timelineHint(plan, run)} flush>
        <ScenarioTimeline plan={plan} run={outdated ? null : run} onPlace={running ? null : place} />
      </Panel>
      {run ? (
        <ScenarioResult run={run}>
          <RunComparison run={run} runs={runs} />
        </ScenarioResult>
      ) : (
        <Promises spec={parsed.data} />
      )}
    </>
  );
}

function timelineHint(plan: Plan, run: ScenarioRun | null): string {
  if (run && !isOutdated(plan, run))
    return `${formatOffset(run.durationMs)}${run.stepped ? (run.state === 'running' ? ', more with each pause' : ', as it was stepped') : ''}`;
  return `${formatOffset(plan.durationMs)}${run ? `, changed since run #${run.number}` : ''}`;
}

/** Writes the new place of a track into the scenario that runs. */
function usePlacing(scenario: Resource, onPlaced: () => void) {
  const engine = useEngine();
  const toasts = useToasts();
  return async (track: TrackName, startMs: number, lengthMs: number | null) => {
    try {
      const yaml = placeTrack(scenario.yaml, track, startMs, lengthMs);
      await engine.call('apply', { body: { yaml, file: scenario.source.file } });
      onPlaced();
    } catch (error) {
      toasts.error(`${track.name} stays where it was`, error);
    }
  };
}

/** What will be looked at, before it has run for the first time. */
function Promises({ spec }: { spec: ScenarioSpec }) {
  return (
    <Panel title="Expectations">
      {spec.expect.length === 0 ? (
        <span className="soft">None: it passes when it can be carried out.</span>
      ) : (
        <ul className="scn-promises">
          {spec.expect.map((one) => {
            const words =
              one.that ??
              `${one.event?.never ? 'never ' : ''}${one.event?.type}${one.event?.within ? ` within ${one.event.within}` : ''}`;
            return (
              <li key={`${one.name} ${words}`}>
                {one.name ?? words} {one.name && <span className="soft mono">{words}</span>}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

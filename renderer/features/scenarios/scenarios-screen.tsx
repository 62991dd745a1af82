import { ClipboardCheck, Play, Square } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { type ScenarioRun, type ScenarioSpec, scenarioSpecSchema } from '../../../proxy/api/scenario.schema.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import {
  Badge,
  Button,
  CopyButton,
  EmptyState,
  ErrorState,
  formatClock,
  Notice,
  Panel,
  Select,
  Skeleton,
  Toolbar,
  useToasts,
} from '../../ui/index.ts';
import { ScenarioResult } from './scenario-result.tsx';
import { ScenarioTimeline } from './scenario-timeline.tsx';
import { formatOffset, type Plan, planOf, stateWords, summaryOf } from './scenario-words.ts';
import { Templates } from './templates.tsx';
import { isOutdated, placeTrack, type TrackName } from './track-edit.ts';
import './scenarios.css';

const idleMs = 3000;
const liveMs = 400;

/** Drills: load, faults and changes over time, with what must hold. On the left the scenarios of this mesh, on the right one of them. */
export default function ScenariosScreen() {
  const { query } = useRoute();
  const router = useRouter();
  const resources = useCall('listResourcesOfKind', { params: { kind: 'Scenario' } }, idleMs);
  const runs = useCall('listScenarioRuns', {}, idleMs);
  const [showTemplates, setShowTemplates] = useState(false);
  const scenarios = useMemo(() => resources.data?.resources ?? [], [resources.data]);
  const name = query.get('name') ?? scenarios[0]?.name ?? null;
  const selected = scenarios.find((scenario) => scenario.name === name) ?? null;
  const select = (next: string) => {
    setShowTemplates(false);
    router.setQuery({ name: next, run: undefined }, { push: true });
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

interface ListProps {
  scenarios: readonly Resource[];
  runs: readonly ScenarioRun[];
  selected: string;
  onSelect: (name: string) => void;
}

function ScenarioList({ scenarios, runs, selected, onSelect }: ListProps) {
  return (
    <ul className="scn-list" aria-label="Scenarios">
      {scenarios.map(({ name, namespace }) => {
        const last = runs.find((run) => run.scenario === name && run.namespace === namespace);
        const words = last === undefined ? null : stateWords[last.state];
        return (
          <li key={`${namespace}/${name}`}>
            <button
              type="button"
              className="scn-row"
              aria-pressed={name === selected}
              data-testid={`scenario-row-${name}`}
              onClick={() => onSelect(name)}
            >
              <span className="truncate scn-row-name">{name}</span>
              <span className={words ? `tone-${words.tone} tone-text` : 'soft'}>
                {words && last ? `${words.glyph} ${words.word} · ${formatClock(last.startedAt, false)}` : 'not run yet'}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function ScenarioDetail({ scenario, onChanged }: { scenario: Resource; onChanged: () => void }) {
  const { query } = useRoute();
  const { name, namespace } = scenario;
  const [busy, setBusy] = useState(false);
  const list = useCall('listScenarioRuns', { query: { scenario: name, limit: 20 } }, busy ? liveMs : idleMs);
  const runs = (list.data?.runs ?? []).filter((run) => run.namespace === namespace);
  const run = runs.find(({ id }) => id === query.get('run')) ?? runs[0] ?? null;
  const running = runs.some(({ state }) => state === 'running');
  if (running !== busy && list.data) setBusy(running);
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
      <Head scenario={scenario} spec={parsed.data} run={run} runs={runs} onChanged={reload} />
      <Panel title="Timeline" hint={timelineHint(plan, run)} flush>
        <ScenarioTimeline plan={plan} run={outdated ? null : run} onPlace={running ? null : place} />
      </Panel>
      {run ? <ScenarioResult run={run} /> : <Promises spec={parsed.data} />}
    </>
  );
}

function timelineHint(plan: Plan, run: ScenarioRun | null): string {
  if (run && !isOutdated(plan, run)) return formatOffset(run.durationMs);
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

interface HeadProps {
  scenario: Resource;
  spec: ScenarioSpec;
  run: ScenarioRun | null;
  runs: readonly ScenarioRun[];
  onChanged: () => void;
}

function Head({ scenario, spec, run, runs, onChanged }: HeadProps) {
  const router = useRouter();
  const { name, namespace, source } = scenario;
  const file = source.file === '' ? `${name}.yaml` : source.file;
  return (
    <header className="scn-head">
      <div className="scn-title">
        <h2>{name}</h2>
        {run && <RunState run={run} />}
        <div className="grow" />
        {runs.length > 1 && run && (
          <Select
            label="Run"
            value={run.id}
            onChange={(id) => router.setQuery({ run: id === runs[0]?.id ? undefined : id })}
            options={runs.map((one) => ({
              value: one.id,
              label: `#${one.number} ${stateWords[one.state].glyph} ${stateWords[one.state].word} · ${formatClock(one.startedAt, false)}`,
            }))}
          />
        )}
        <a
          className="dd-button"
          data-variant="default"
          data-size="medium"
          href={hrefTo('config', { object: `Scenario/${namespace}/${name}` })}
        >
          Edit
        </a>
        <CopyButton text={`npx drydock scenario run ${file} --junit ${name}.xml`} label="Copy the command for CI" />
        <RunButton scenario={scenario} running={runs.find(({ state }) => state === 'running') ?? null} onChanged={onChanged} />
      </div>
      {spec.description && <p className="soft">{spec.description}</p>}
    </header>
  );
}

function RunState({ run }: { run: ScenarioRun }) {
  const { glyph, word, tone } = stateWords[run.state];
  return (
    <span className="scn-state" role="status" data-testid="scenario-state">
      <Badge tone={tone}>
        {glyph} {word}
      </Badge>
      <span className="soft num">
        {run.state === 'running'
          ? `${formatOffset(run.elapsedMs)} of ${formatOffset(run.durationMs)}`
          : `#${run.number} · ${summaryOf(run)} · seed ${run.seed}`}
      </span>
    </span>
  );
}

function RunButton({ scenario, running, onChanged }: { scenario: Resource; running: ScenarioRun | null; onChanged: () => void }) {
  const engine = useEngine();
  const router = useRouter();
  const toasts = useToasts();
  const [asking, setAsking] = useState(false);
  const act = async (what: string, call: () => Promise<unknown>) => {
    setAsking(true);
    try {
      await call();
      router.setQuery({ run: undefined });
      onChanged();
    } catch (error) {
      toasts.error(`${scenario.name} ${what}`, error);
    } finally {
      setAsking(false);
    }
  };
  if (running)
    return (
      <Button
        variant="danger"
        icon={<Square size={13} />}
        disabled={asking}
        data-testid="scenario-cancel"
        onClick={() => void act('was not cancelled', () => engine.call('cancelScenarioRun', { params: { id: running.id } }))}
      >
        Cancel
      </Button>
    );
  return (
    <Button
      variant="primary"
      icon={<Play size={13} />}
      disabled={asking}
      data-testid="scenario-run"
      onClick={() =>
        void act('was not started', () =>
          engine.call('startScenario', { body: { name: scenario.name, namespace: scenario.namespace } }),
        )
      }
    >
      Run
    </Button>
  );
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

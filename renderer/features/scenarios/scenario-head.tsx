import { FileDown } from 'lucide-react';
import { useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ScenarioRun, ScenarioSpec } from '../../../proxy/api/scenario.schema.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { Badge, Button, formatClock, Select } from '../../ui/index.ts';
import { ExportCi } from './export-ci.tsx';
import { RunButtons } from './run-buttons.tsx';
import { formatOffset, plannedRequests, stateWords, summaryOf } from './scenario-words.ts';

export interface ScenarioHeadProps {
  scenario: Resource;
  spec: ScenarioSpec;
  run: ScenarioRun | null;
  runs: readonly ScenarioRun[];
  onChanged: () => void;
}

/** Its name, how the run that is shown went, and what one does with it. */
export function ScenarioHead({ scenario, spec, run, runs, onChanged }: ScenarioHeadProps) {
  const [exports, setExports] = useState(false);
  const { name, namespace } = scenario;
  const running = runs.find(({ state }) => state === 'running') ?? null;
  return (
    <header className="scn-head">
      <div className="scn-title">
        <h2 className="truncate" title={name}>
          {name}
        </h2>
        <a
          className="dd-button"
          data-variant="default"
          data-size="medium"
          href={hrefTo('config', { object: `Scenario/${namespace}/${name}` })}
        >
          Edit
        </a>
        <Button icon={<FileDown size={14} />} data-testid="scenario-export" onClick={() => setExports(true)}>
          Export CI
        </Button>
        <RunButtons scenario={scenario} running={running} onChanged={onChanged} />
      </div>
      {run && (
        <div className="scn-run">
          <RunState run={run} />
          <span className="grow" />
          <RunChoice run={run} runs={runs} />
        </div>
      )}
      {running?.stepped?.next && (
        <p className="scn-next" data-testid="scenario-next">
          <b>Next step:</b> {running.stepped.next.join(', ')} <span className="soft">· the load runs on meanwhile</span>
        </p>
      )}
      <p className="soft">
        {spec.description && `${spec.description}. `}
        Sends {plannedRequests(spec)}; what it changes is put back when it ends.
      </p>
      {exports && <ExportCi scenario={scenario} onClose={() => setExports(false)} />}
    </header>
  );
}

function RunChoice({ run, runs }: { run: ScenarioRun; runs: readonly ScenarioRun[] }) {
  const router = useRouter();
  if (runs.length < 2) return null;
  return (
    <Select
      label="Run"
      value={run.id}
      onChange={(id) => router.setQuery({ run: id === runs[0]?.id ? undefined : id })}
      options={runs.map((one) => ({
        value: one.id,
        label: `#${one.number} ${stateWords[one.state].glyph} ${stateWords[one.state].word} · ${formatClock(one.startedAt, false)}`,
      }))}
    />
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
        {run.state === 'running' ? progressOf(run) : `#${run.number} · ${summaryOf(run)} · seed ${run.seed}`}
      </span>
    </span>
  );
}

/** A run that waits for steps has no length to be a share of. */
function progressOf({ elapsedMs, durationMs, stepped }: ScenarioRun): string {
  return stepped?.next
    ? `${formatOffset(elapsedMs)}, waits for a step`
    : `${formatOffset(elapsedMs)} of ${formatOffset(durationMs)}`;
}

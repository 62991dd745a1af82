import { FastForward, Footprints, Play, Square } from 'lucide-react';
import { useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { useRouter } from '../../app/router.ts';
import type { Command } from '../../commands/command.ts';
import { useCommands } from '../../commands/registry.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, useToasts } from '../../ui/index.ts';

export interface RunButtonsProps {
  scenario: Resource;
  /** The run under way, if there is one. */
  running: ScenarioRun | null;
  onChanged: () => void;
}

/** Run, step, cancel: by the clock, or entry by entry while the load runs on. */
export function RunButtons({ scenario, running, onChanged }: RunButtonsProps) {
  const acts = useRunActs({ scenario, running, onChanged });
  const next = running?.stepped?.next ?? null;
  useCommands(commandsOf(acts, running));
  if (running === null) {
    return (
      <>
        <Button
          icon={<Footprints size={14} />}
          disabled={acts.asking}
          keys="n"
          title="Begins with the load; each later entry of the timeline waits until you step to it"
          data-testid="scenario-begin-steps"
          onClick={acts.beginSteps}
        >
          Step
        </Button>
        <Button
          variant="primary"
          icon={<Play size={13} />}
          disabled={acts.asking}
          keys="$mod+Enter"
          data-testid="scenario-run"
          onClick={acts.run}
        >
          Run
        </Button>
      </>
    );
  }
  return (
    <>
      {next && (
        <>
          <Button
            icon={<FastForward size={14} />}
            disabled={acts.asking}
            title="What is left of the timeline comes at its planned distances"
            data-testid="scenario-run-on"
            onClick={acts.runOn}
          >
            Run on
          </Button>
          <Button
            variant="primary"
            icon={<Footprints size={14} />}
            disabled={acts.asking}
            keys="n"
            title={next.join(', ')}
            data-testid="scenario-step"
            onClick={acts.step}
          >
            Step
          </Button>
        </>
      )}
      <Button
        variant="danger"
        icon={<Square size={13} />}
        disabled={acts.asking}
        data-testid="scenario-cancel"
        onClick={acts.cancel}
      >
        Cancel
      </Button>
    </>
  );
}

interface RunActs {
  asking: boolean;
  run: () => void;
  beginSteps: () => void;
  step: () => void;
  runOn: () => void;
  cancel: () => void;
}

function useRunActs({ scenario, running, onChanged }: RunButtonsProps): RunActs {
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
  const { name, namespace } = scenario;
  const params = { id: running?.id ?? '' };
  const start = (stepped: boolean) => () =>
    void act('was not started', () => engine.call('startScenario', { body: { name, namespace, stepped } }));
  const step = (runOn: boolean) => () =>
    void act('did not go on', () => engine.call('stepScenarioRun', { params, body: { runOn } }));
  return {
    asking,
    run: start(false),
    beginSteps: start(true),
    step: step(false),
    runOn: step(true),
    cancel: () => void act('was not cancelled', () => engine.call('cancelScenarioRun', { params })),
  };
}

function commandsOf(acts: RunActs, running: ScenarioRun | null): Command[] {
  const waits = running?.stepped?.next != null;
  const group = 'This screen';
  return [
    {
      ...{ id: 'scenario.run', title: 'Run this scenario', group, icon: Play, keys: '$mod+Enter' },
      when: () => running === null && !acts.asking,
      run: acts.run,
    },
    {
      ...{ id: 'scenario.step', title: 'Step through this scenario', group, icon: Footprints, keys: 'n' },
      when: () => (running === null || waits) && !acts.asking,
      run: running === null ? acts.beginSteps : acts.step,
    },
    {
      ...{ id: 'scenario.cancel', title: 'Cancel the run', group, icon: Square },
      when: () => running !== null,
      run: acts.cancel,
    },
  ];
}

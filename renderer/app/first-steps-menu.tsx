import { Popover } from '@base-ui/react/popover';
import { ListChecks, Play } from 'lucide-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { commandOfStep } from '../commands/first-step-commands.ts';
import { useCommandRegistry } from '../commands/registry.ts';
import type { Engine } from '../engine/engine.ts';
import { useCall, useEngine } from '../engine/use-engine.ts';
import { Button } from '../ui/index.ts';
import { type FirstStep, firstSteps, keepSteps, readSteps, type Seen, type StepsKept, tickSteps } from './first-steps.ts';
import { hrefTo } from './router.ts';

const refreshMs = 5000;

/** The first five minutes, at the foot of the rail until they are over or sent away. Drawn when a step ticks, not with every message. */
export const FirstSteps = memo(function FirstSteps() {
  const engine = useEngine();
  const [kept, setKept] = useState<StepsKept>(() => readSteps(localStorage));
  const [open, setOpen] = useState(false);
  const watching = !kept.hidden && !kept.done.has('replay');
  const replays = useCall('listReplays', watching ? {} : null, refreshMs).data?.replays;
  useTicking(engine, kept, replays, setKept);
  const left = useMemo(() => firstSteps.filter(({ id }) => !kept.done.has(id)), [kept]);
  if (kept.hidden) return null;
  const hide = () => {
    const hidden = { ...kept, hidden: true };
    keepSteps(localStorage, hidden);
    setKept(hidden);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="rail-item rail-steps" data-testid="first-steps">
        <ListChecks size={16} strokeWidth={1.75} aria-hidden="true" />
        <span className="rail-label">First steps</span>
        <span className="rail-key num">
          {firstSteps.length - left.length}/{firstSteps.length}
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className="dd-positioner" side="right" align="end" sideOffset={8}>
          <Popover.Popup className="dd-popup steps" aria-label="First steps">
            <h2>{left.length === 0 ? 'That was the tour' : 'The first five minutes'}</h2>
            <ol>
              {firstSteps.map((step) => (
                <Step
                  key={step.id}
                  step={step}
                  done={kept.done.has(step.id)}
                  next={step.id === left[0]?.id}
                  onGo={() => setOpen(false)}
                />
              ))}
            </ol>
            <Button size="small" onClick={hide}>
              {left.length === 0 ? 'Put it away' : 'Not for me'}
            </Button>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
});

/** Looks at everything a step can be told from, whenever any of it changes. */
function useTicking(
  engine: Engine,
  kept: StepsKept,
  replays: Seen['replays'] | undefined,
  onTick: (now: StepsKept) => void,
): void {
  const latest = useRef(kept);
  latest.current = kept;
  useEffect(() => {
    const look = () => {
      const before = latest.current;
      if (before.hidden || before.done.size === firstSteps.length) return;
      const now = tickSteps(before, {
        status: engine.status.get(),
        graph: engine.graph.get(),
        events: engine.events.get(),
        faults: engine.faults.get(),
        recordings: engine.recordings.get(),
        replays: replays ?? [],
      });
      if (now === before) return;
      latest.current = now;
      keepSteps(localStorage, now);
      onTick(now);
    };
    look();
    const stops = [engine.status, engine.graph, engine.events, engine.faults, engine.recordings].map((store) =>
      store.subscribe(look),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }, [engine, replays, onTick]);
}

interface StepProps {
  step: FirstStep;
  done: boolean;
  /** The first that is left. */
  next: boolean;
  onGo: () => void;
}

function Step({ step, done, next, onGo }: StepProps) {
  const engine = useEngine();
  const registry = useCommandRegistry();
  const { path, query } = step.place({
    graph: engine.graph.get(),
    faults: engine.faults.get(),
    recordings: engine.recordings.get(),
  });
  const command = done ? null : commandOfStep(step.id);
  const canRun = command !== null && (command.when?.(registry.context) ?? true);
  return (
    <li data-done={done || undefined} data-next={next || undefined} data-testid={`step-${step.id}`}>
      <span className="steps-mark" aria-hidden="true">
        {done ? '✓' : '○'}
      </span>
      <span className="steps-text">
        <a href={hrefTo(path, query)} onClick={onGo}>
          {step.title}
        </a>
        {done && <span className="visually-hidden">done</span>}
        {!done && <small>{step.proof}</small>}
      </span>
      {canRun && (
        <Button
          size="small"
          icon={<Play size={12} />}
          aria-label={command.title}
          title={command.title}
          data-testid={`step-do-${step.id}`}
          onClick={() => {
            onGo();
            registry.run(command);
          }}
        >
          Do it
        </Button>
      )}
    </li>
  );
}

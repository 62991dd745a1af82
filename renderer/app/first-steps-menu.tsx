import { Popover } from '@base-ui/react/popover';
import { ListChecks } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useCall, useEvents, useFaults, useGraph, useRecordings, useStatus } from '../engine/use-engine.ts';
import { Button } from '../ui/index.ts';
import { firstSteps, keepSteps, readSteps, type StepsKept, tickSteps } from './first-steps.ts';
import { hrefTo } from './router.ts';

const refreshMs = 5000;

/** The first five minutes, at the foot of the rail until they are over or sent away. */
export function FirstSteps() {
  const [kept, setKept] = useState<StepsKept>(() => readSteps(localStorage));
  const [open, setOpen] = useState(false);
  const watching = !kept.hidden && !kept.done.has('replay');
  const seen = {
    status: useStatus(),
    graph: useGraph(),
    events: useEvents(),
    faults: useFaults(),
    recordings: useRecordings(),
    replays: useCall('listReplays', watching ? {} : null, refreshMs).data?.replays ?? [],
  };
  const now = tickSteps(kept, seen);
  useEffect(() => {
    if (now === kept) return;
    keepSteps(localStorage, now);
    setKept(now);
  }, [now, kept]);
  if (now.hidden) return null;
  const left = firstSteps.filter(({ id }) => !now.done.has(id));
  const hide = () => {
    const hidden = { ...now, hidden: true };
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
              {firstSteps.map(({ id, title, place, query }) => (
                <li key={id} data-done={now.done.has(id) || undefined} data-testid={`step-${id}`}>
                  <span className="steps-mark" aria-hidden="true">
                    {now.done.has(id) ? '✓' : '○'}
                  </span>
                  <a href={hrefTo(place, query)} onClick={() => setOpen(false)}>
                    {title}
                  </a>
                  {now.done.has(id) && <span className="visually-hidden">done</span>}
                </li>
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
}

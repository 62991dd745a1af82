import { Pause, Play, SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import type { Simulation } from '../../../proxy/api/simulation.schema.ts';
import { Badge, Button, formatClock, formatCount, Notice, Switch } from '../../ui/index.ts';
import { StandInCalls } from './stand-in-calls.tsx';
import { StandInSettingsForm } from './stand-in-settings.tsx';
import { newSettings, type StandInSettings, settingsOf, tierWords } from './stand-in-words.ts';
import type { StandIns } from './use-stand-ins.ts';
import './stand-in.css';

export interface StandInCardProps {
  service: string;
  /** Calls in the recording; null of stubs. */
  recorded: number | null;
  /** Null: nothing answers for it from here. */
  simulation: Simulation | null;
  /** What another recording does for it, in words; '' when none does. */
  taken: string;
  /** Another card stands for the one caller that is answered. */
  isForOthers: boolean;
  callers: readonly string[];
  standIns: StandIns;
  onStart: (settings: StandInSettings) => Promise<void>;
}

/** One service: its switch, and while it is on how it answers and what it was asked. */
export function StandInCard({ service, recorded, simulation, taken, isForOthers, callers, standIns, onStart }: StandInCardProps) {
  const [draft, setDraft] = useState<StandInSettings>(newSettings);
  const [asksHow, setAsksHow] = useState(false);
  const toggle = (on: boolean) => void (on ? onStart(draft) : simulation && standIns.stop(simulation));
  return (
    <section
      className="standin-card"
      data-testid="standin-row"
      data-on={simulation !== null || undefined}
      aria-label={`Stand-in for ${service}`}
    >
      <header className="standin-head">
        <Switch checked={simulation !== null} onChange={toggle}>
          {service}
          {isForOthers && <span className="muted"> for others</span>}
        </Switch>
        <span className="grow soft standin-what">
          {simulation ? <Counts simulation={simulation} /> : recorded !== null && `${formatCount(recorded)} recorded`}
          {simulation === null && taken !== '' && <span className="muted"> · {taken}</span>}
        </span>
        {simulation && (
          <Button
            size="small"
            icon={simulation.enabled ? <Pause size={12} /> : <Play size={12} />}
            onClick={() => void standIns.change(simulation, { enabled: !simulation.enabled })}
          >
            {simulation.enabled ? 'Pause' : 'Resume'}
          </Button>
        )}
        <Button
          size="small"
          variant="ghost"
          icon={<SlidersHorizontal size={12} />}
          aria-expanded={asksHow}
          onClick={() => setAsksHow(!asksHow)}
        >
          Options
        </Button>
      </header>
      {asksHow && (
        <StandInSettingsForm
          service={service}
          settings={simulation ? settingsOf(simulation) : draft}
          callers={callers}
          onChange={(change) => {
            if (simulation) void standIns.change(simulation, change);
            else setDraft(withChange(draft, change));
          }}
        />
      )}
      {simulation?.notes.map((note) => (
        <Notice key={note} tone="warn">
          {note}
        </Notice>
      ))}
      {simulation && <StandInCalls service={service} calls={simulation.recent ?? []} />}
    </section>
  );
}

function withChange(
  draft: StandInSettings,
  { from, ...others }: Partial<Omit<StandInSettings, 'from'>> & { from?: string | null },
) {
  const { from: before, ...rest } = { ...draft, ...others };
  const next = from === undefined ? before : (from ?? undefined);
  return { ...rest, ...(next === undefined ? {} : { from: next }) };
}

function Counts({ simulation }: { simulation: Simulation }) {
  const { hits, misses, forwarded, enabled, from, answers, restoredAt, mode } = simulation;
  return (
    <>
      {!enabled && <Badge tone="neutral">paused</Badge>}
      {from !== undefined && <Badge tone="accent">only {from}</Badge>}
      {mode === 'record' && <Badge tone="bad">remembers</Badge>}
      <span>
        <b className="num">{formatCount(answers)}</b> ready
      </span>
      {(['stub', 'exact', 'masked', 'template'] as const).map(
        (tier) =>
          hits[tier] > 0 && (
            <span key={tier}>
              <b className="num">{formatCount(hits[tier])}</b> {tierWords[tier]}
            </span>
          ),
      )}
      {misses > 0 && (
        <span className="tone-warn tone-text">
          ▲{' '}
          <b className="num" data-testid="standin-misses">
            {formatCount(misses)}
          </b>{' '}
          missed
        </span>
      )}
      {forwarded > 0 && (
        <span>
          <b className="num">{formatCount(forwarded)}</b> to the service
        </span>
      )}
      {restoredAt !== undefined && <span className="muted">back since {formatClock(restoredAt, false)}</span>}
    </>
  );
}

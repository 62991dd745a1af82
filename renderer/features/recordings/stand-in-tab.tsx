import type { Recording } from '../../../proxy/api/recording.schema.ts';
import type { Simulation } from '../../../proxy/api/simulation.schema.ts';
import { useStatus } from '../../engine/use-engine.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/index.ts';
import { StandInCard } from './stand-in-card.tsx';
import { forWhom } from './stand-in-words.ts';
import { useStandIns } from './use-stand-ins.ts';

/** Which services this recording answers for, how, and what it was asked. */
export function StandInTab({ recording }: { recording: Recording }) {
  const standIns = useStandIns();
  const { simulations, error, reload } = standIns;
  const status = useStatus();
  const everyService = [...new Set(status?.services.map(({ name }) => name) ?? [])];
  if (error && !simulations) return <ErrorState title="The stand-ins cannot be read" message={error} onRetry={reload} />;
  if (!simulations) return <Skeleton lines={4} />;
  // Stubs answer for whichever service one names; a recording for those that answered in it.
  const named = recording.stubs === undefined ? recording.edges.map(({ destination }) => destination) : everyService;
  const services = [...new Set(named)].filter((name) => name !== '');
  if (services.length === 0)
    return <EmptyState title="Nothing to answer with">The recording has no call that a service answered.</EmptyState>;
  const callers = [...everyService, 'ingress'];
  return (
    <div className="standin-tab">
      <p className="soft">
        What is switched on is answered by this recording, behind its own sidecar: policies, mutual TLS and metrics stay, and its
        process need not run. It goes on until it is switched off, over restarts too.
      </p>
      {services.flatMap((service) => {
        const all = simulations.filter((one) => one.service === service);
        const own = all.filter((one) => isOf(one, recording));
        const taken = all
          .filter((one) => !own.includes(one))
          .map((one) => `${one.recording} answers ${forWhom(one)}`)
          .join(', ');
        const recorded = recording.stubs === undefined ? callsTo(recording, service) : null;
        // One for a caller leaves room for another: for everyone else, or a second caller.
        const cards: (Simulation | null)[] = own.length > 0 && own.every(({ from }) => from !== undefined) ? [...own, null] : own;
        return (cards.length === 0 ? [null] : cards).map((simulation) => (
          <StandInCard
            key={`${service} ${simulation?.id ?? 'new'}`}
            {...{ service, recorded, simulation, taken, callers, standIns }}
            isForOthers={simulation === null && own.length > 0}
            onStart={(settings) => standIns.start({ recording: recording.id, service, ...settings })}
          />
        ));
      })}
    </div>
  );
}

function isOf({ recording, recordingId }: Simulation, { id, name }: Recording): boolean {
  return recordingId === undefined ? recording === id || recording === name : recordingId === id;
}

function callsTo({ edges }: Recording, service: string): number {
  return edges.filter(({ destination }) => destination === service).reduce((sum, { calls }) => sum + calls, 0);
}

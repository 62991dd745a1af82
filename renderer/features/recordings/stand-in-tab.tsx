import { useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import type { Simulation } from '../../../proxy/api/simulation.schema.ts';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { EmptyState, ErrorState, formatCount, Select, Skeleton, Switch, Table, useToasts } from '../../ui/index.ts';

const refreshMs = 1000;
const modes = [
  { value: 'simulate', label: 'Fail a miss' },
  { value: 'spy', label: 'Pass a miss on' },
  { value: 'record', label: 'Pass it on and remember' },
] as const;
type Mode = (typeof modes)[number]['value'];

/** Which services this recording answers for: one switch each, with what was asked of it. */
export function StandInTab({ recording }: { recording: Recording }) {
  const engine = useEngine();
  const toasts = useToasts();
  const { data, error, reload } = useCall('listSimulations', {}, refreshMs);
  const status = useStatus();
  const everyService = status?.workloads.map(({ service }) => service) ?? [];
  const [modeOf, setModeOf] = useState<Record<string, Mode>>({});
  if (error && !data) return <ErrorState title="The stand-ins cannot be read" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={4} />;
  // Stubs answer for whichever service one names; a recording for those that answered in it.
  const named = recording.stubs === undefined ? recording.edges.map(({ destination }) => destination) : everyService;
  const services = [...new Set(named)].filter((name) => name !== '');
  if (services.length === 0)
    return <EmptyState title="Nothing to answer with">The recording has no call that a service answered.</EmptyState>;
  const own = (service: string) => data.simulations.find((one) => one.service === service && isOf(one, recording));
  const toggle = async (service: string, on: boolean) => {
    try {
      const known = own(service);
      if (on)
        await engine.call('startSimulation', { body: { recording: recording.id, service, mode: modeOf[service] ?? 'simulate' } });
      else if (known) await engine.call('stopSimulation', { params: { id: known.id } });
      reload();
    } catch (failure) {
      toasts.error(on ? `The recording does not answer for ${service}` : `${service} is still stood in for`, failure);
    }
  };
  return (
    <div className="rec-standin">
      <p className="soft">
        A service that is switched on is answered for by this recording, behind its own sidecar: policies, mutual TLS and metrics
        stay, and its process need not run.
      </p>
      <Table
        label="Services of the recording"
        rows={services.map((service) => ({ service, calls: callsTo(recording, service), simulation: own(service) }))}
        keyOf={(row) => row.service}
        rowTestId="standin-row"
        columns={[
          {
            id: 'service',
            title: 'Service',
            cell: ({ service, simulation }) => (
              <Switch checked={simulation !== undefined} onChange={(on) => void toggle(service, on)}>
                {service}
              </Switch>
            ),
          },
          { id: 'calls', title: 'Recorded', align: 'end', cell: ({ calls }) => formatCount(calls) },
          {
            id: 'mode',
            title: 'Without a recorded answer',
            cell: ({ service, simulation }) => (
              <Select
                label={`A miss of ${service}`}
                value={simulation?.mode ?? modeOf[service] ?? 'simulate'}
                options={modes}
                disabled={simulation !== undefined}
                onChange={(mode) => setModeOf({ ...modeOf, [service]: mode })}
              />
            ),
          },
          { id: 'stub', title: 'Stub', align: 'end', cell: ({ simulation }) => count(simulation?.hits.stub) },
          { id: 'exact', title: 'Exact', align: 'end', cell: ({ simulation }) => count(simulation?.hits.exact) },
          { id: 'masked', title: 'Ids masked', align: 'end', cell: ({ simulation }) => count(simulation?.hits.masked) },
          { id: 'template', title: 'By template', align: 'end', cell: ({ simulation }) => count(simulation?.hits.template) },
          {
            id: 'misses',
            title: 'Missed',
            align: 'end',
            cell: ({ simulation }) => (
              <span className={simulation && simulation.misses > 0 ? 'tone-warn tone-text' : ''}>
                {count(simulation?.misses)}
              </span>
            ),
          },
        ]}
      />
      <Misses simulations={data.simulations.filter((one) => isOf(one, recording))} />
    </div>
  );
}

function isOf({ recording }: Simulation, { id, name }: Recording): boolean {
  return recording === id || recording === name;
}

const count = (value: number | undefined) => (value === undefined ? '–' : formatCount(value));

function callsTo({ edges }: Recording, service: string): number {
  return edges.filter(({ destination }) => destination === service).reduce((sum, { calls }) => sum + calls, 0);
}

/** The last questions that found no answer, and what came nearest. */
function Misses({ simulations }: { simulations: readonly Simulation[] }) {
  const misses = simulations
    .flatMap(({ service, recentMisses }) => recentMisses.map((miss) => ({ service, ...miss })))
    .slice(0, 10);
  if (misses.length === 0) return null;
  return (
    <section className="rec-misses">
      <h3>Without an answer</h3>
      <ul>
        {misses.map(({ service, time, method, path, nearest }) => (
          <li key={`${service}${time}${path}`}>
            <span className="mono">
              {method} {path}
            </span>{' '}
            <span className="soft">
              of {service}.{' '}
              {nearest ? `Nearest: ${nearest.path}, differs in ${nearest.differs.join('; ')}` : 'Nothing like it was recorded.'}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

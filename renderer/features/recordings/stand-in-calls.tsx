import { useState } from 'react';
import type { SimulationCall } from '../../../proxy/api/simulation.schema.ts';
import { Badge, formatClock, Segments } from '../../ui/index.ts';
import { useHeld, usePointed } from '../../ui/pointed.ts';
import { type CallFilter, callsFor, tierWords } from './stand-in-words.ts';

const tones = { stub: 'ok', exact: 'ok', masked: 'ok', template: 'info', miss: 'warn' } as const;
const filters = [
  { value: 'all', label: 'All' },
  { value: 'hits', label: 'Answered' },
  { value: 'misses', label: 'Missed' },
] as const;

/** The latest calls, live: by which resemblance each found its answer, and what it had otherwise; of a miss what came nearest. */
export function StandInCalls({ service, calls }: { service: string; calls: readonly SimulationCall[] }) {
  const [filter, setFilter] = useState<CallFilter>('all');
  const { pointed, on } = usePointed();
  const shown = callsFor(useHeld(calls, pointed), filter);
  if (calls.length === 0) return <p className="soft standin-quiet">No call yet. The latest fifty will stand here.</p>;
  return (
    <div className="standin-calls">
      <div className="row standin-calls-head">
        <h3>Latest calls</h3>
        <Segments label={`Calls to ${service}`} value={filter} options={filters} onChange={setFilter} />
      </div>
      {shown.length === 0 && <p className="soft standin-quiet">None of the latest {calls.length}.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it. */}
      <ul data-testid="standin-calls" aria-label={`Latest calls to ${service}`} tabIndex={0} {...on}>
        {shown.map((call) => (
          <Call key={call.number} call={call} />
        ))}
      </ul>
    </div>
  );
}

function Call({ call }: { call: SimulationCall }) {
  const { time, outcome, method, path, caller, differs, nearest, forwarded } = call;
  const fields = outcome === 'miss' ? (nearest?.differs ?? []) : differs;
  return (
    <li className="standin-call">
      <time className="num muted">{formatClock(time, false)}</time>
      <Badge tone={tones[outcome]}>{tierWords[outcome]}</Badge>
      <div className="standin-call-what">
        <span className="mono standin-call-path">
          {method} {path}
        </span>
        {caller !== '' && <span className="muted"> from {caller}</span>}
        {forwarded && <span className="muted"> · answered by the service</span>}
        {outcome === 'miss' && (
          <div className="soft">
            {nearest ? (
              <>
                Nearest: <span className="mono">{nearest.path}</span>
              </>
            ) : (
              'Nothing like it was recorded.'
            )}
          </div>
        )}
        {fields.length > 0 && (
          <ul className="standin-fields" aria-label="What differs">
            {fields.map((field) => (
              <li key={field}>{field}</li>
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}

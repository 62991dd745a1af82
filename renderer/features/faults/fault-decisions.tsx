import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCommands } from '../../commands/registry.ts';
import { describeError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { EdgeWords, Facts, formatClock, IconButton } from '../../ui/index.ts';
import { useHeld, usePointed } from '../../ui/pointed.ts';
import { decisionOf, type FaultDecision } from './decision-log.ts';
import { FaultActs } from './fault-acts.tsx';
import { reactsWords } from './fault-table.tsx';
import { describeMatch } from './match-words.ts';

const lookEveryMs = 2000;
/** Requests looked at: each is read once. */
const requests = 30;

/** The newest decisions of a fault: which requests it met, what was drawn, what it did. */
export function FaultDecisions({ fault, onChange, onClose }: { fault: FaultStatus; onChange: () => void; onClose: () => void }) {
  const { decisions: latest, error } = useDecisions(fault);
  const { pointed, on } = usePointed();
  const decisions = useHeld(latest, pointed);
  useCommands([{ id: 'fault.close', title: 'Close the fault', group: 'This screen', keys: 'Escape', run: onClose }]);
  return (
    <aside className="faults-log" aria-label={`Decisions of ${fault.name}`} data-testid="fault-decisions">
      <header className="row">
        <h2 className="grow truncate" title={fault.name}>
          {fault.name}
        </h2>
        <FaultActs fault={fault} onChange={onChange} />
        <IconButton label="Close" size="small" keys="Escape" icon={<X size={15} />} onClick={onClose} />
      </header>
      <Facts
        rows={[
          ['Calls', <EdgeWords key="calls" from={fault.spec.from?.service ?? 'anyone'} to={fault.spec.to.service} />],
          ['Acts', fault.spec.side === 'server' ? 'upstream: in the callee’s sidecar' : 'in the caller’s sidecar'],
          ['Reacts', reactsWords(fault)],
          ['Match', describeMatch(fault.spec.match) || (fault.spec.tcp ? 'every connection' : 'every request')],
        ]}
      />
      <h3>Newest decisions</h3>
      {fault.spec.tcp ? (
        <p className="soft">Toxics draw when a connection opens, not for a request.</p>
      ) : error !== '' ? (
        <p className="tone-bad tone-text">✖ {error}</p>
      ) : decisions === null ? (
        <p className="soft">Looking…</p>
      ) : decisions.length === 0 ? (
        <p className="soft">
          None of the last {requests} requests to {fault.spec.to.service} met it.
        </p>
      ) : (
        <ol {...on}>
          {decisions.map((one) => (
            <Decision key={one.exchangeId} decision={one} />
          ))}
        </ol>
      )}
    </aside>
  );
}

function Decision({ decision }: { decision: FaultDecision }) {
  const { drawn, why, did } = decision;
  return (
    <li data-drawn={drawn || undefined}>
      <a className="row" href={hrefTo('requests', { id: decision.exchangeId })}>
        <span className="num soft">{formatClock(decision.time)}</span>
        <span className="mono truncate grow">{decision.request}</span>
        <span className="num">{decision.status || '–'}</span>
      </a>
      <span className={drawn ? 'tone-fault tone-text' : 'soft'}>
        {drawn ? '⚡ ' : '○ '}
        {did || (drawn ? 'acted' : 'let pass')}
      </span>
      {why !== '' && <span className="soft num"> · {why}</span>}
    </li>
  );
}

function useDecisions(fault: FaultStatus): { decisions: FaultDecision[] | null; error: string } {
  const engine = useEngine();
  const [state, setState] = useState<{ decisions: FaultDecision[] | null; error: string }>({ decisions: null, error: '' });
  const known = useRef(new Map<string, FaultDecision | null>());
  const { namespace, name } = fault;
  const { to, side } = fault.spec;
  useEffect(() => {
    let closed = false;
    const look = async () => {
      const query = { to: to.service, limit: requests, ...(side === 'server' ? { reporter: 'destination' as const } : {}) };
      const { exchanges } = await engine.call('listExchanges', { query });
      const fresh = exchanges.filter(({ id }) => !known.current.has(id));
      await Promise.all(
        fresh.map(async ({ id }) => {
          const exchange = await engine.call('getExchange', { params: { id } });
          known.current.set(id, decisionOf(exchange, { namespace, name }));
        }),
      );
      const listed = new Set(exchanges.map(({ id }) => id));
      for (const id of known.current.keys()) if (!listed.has(id)) known.current.delete(id);
      const decisions = exchanges.map(({ id }) => known.current.get(id)).filter((one) => one != null);
      if (!closed) setState({ decisions, error: '' });
    };
    const run = () =>
      void look().catch((error: unknown) => {
        if (!closed) setState((before) => ({ ...before, error: describeError(error) }));
      });
    run();
    const timer = setInterval(run, lookEveryMs);
    return () => {
      closed = true;
      clearInterval(timer);
    };
  }, [engine, namespace, name, to.service, side]);
  return state;
}

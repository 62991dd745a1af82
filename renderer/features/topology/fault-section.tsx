import { Ban, Biohazard, HeartPulse, Timer, Zap } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { FaultRequest, FaultStatus } from '../../../proxy/api/fault.schema.ts';
import type { GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { sickCandidate, sickFor, sickInstance } from '../../commands/sick-instance.ts';
import { useEngine, useFaults, useStatus } from '../../engine/use-engine.ts';
import { Button, formatCount, formatRate, formatSpan, Menu, useToasts } from '../../ui/index.ts';
import { useNow } from '../../ui/use-now.ts';
import { FaultDialog } from '../faults/fault-dialog.tsx';
import { blankFault, type FaultForm } from '../faults/fault-form.ts';
import { useToxicTypes } from '../faults/toxic-fields.tsx';
import { newToxic, toxicName } from '../faults/toxic-words.ts';
import { describeFault, faultsOnEdge, quickFault, quickFaults } from './edge-faults.ts';
import { shortName } from './short-name.ts';

/** Hits of a fault are no events; while the panel shows them they are asked for. */
const hitsEveryMs = 2000;

/** Faults armed on the calls of this edge, and the quickest ways to arm one. */
export function FaultSection({ edge, injectable }: { edge: GraphEdge; injectable: boolean }) {
  const { here, busy, arm, stop, refresh } = useEdgeFaults(edge);
  const [form, setForm] = useState<FaultForm | null>(null);
  return (
    <section className="topo-section">
      <h3>Faults</h3>
      {here.map((fault) => (
        <FaultRow key={`${fault.namespace}/${fault.name}`} fault={fault} busy={busy} onStop={() => stop([fault])} />
      ))}
      <div className="topo-fault-buttons" style={here.length > 0 ? { marginTop: 10 } : undefined}>
        <ArmButtons edge={edge} disabled={busy || !injectable} onArm={arm} onForm={setForm} />
        {here.length > 0 && (
          <Button variant="danger" disabled={busy} data-testid="stop-edge-faults" onClick={() => stop(here)}>
            {here.length === 1 ? 'Stop it' : `Stop all ${here.length}`}
          </Button>
        )}
      </div>
      {form && (
        <FaultDialog
          initial={form}
          onClose={() => {
            setForm(null);
            refresh();
          }}
        />
      )}
      <p className="topo-note">
        {injectable
          ? reachWords(edge)
          : `${shortName(edge.to)} has no sidecar here; a fault can stand only on the caller’s side. Choose More…`}
      </p>
    </section>
  );
}

function useEdgeFaults(edge: GraphEdge) {
  const engine = useEngine();
  const toasts = useToasts();
  const here = faultsOnEdge(useFaults(), edge);
  const [busy, setBusy] = useState(false);
  const watching = here.length > 0;
  useEffect(() => {
    if (!watching) return;
    void engine.refreshFaults();
    const timer = setInterval(() => void engine.refreshFaults(), hitsEveryMs);
    return () => clearInterval(timer);
  }, [engine, watching]);
  const run = async (title: string, act: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      toasts.error(title, error);
    } finally {
      setBusy(false);
      await engine.refreshFaults();
    }
  };
  return {
    here,
    busy,
    refresh: () => void engine.refreshFaults(),
    arm: (body: FaultRequest) => void run('The fault was not armed', () => engine.call('addFault', { body })),
    stop: (faults: readonly FaultStatus[]) =>
      void run('A fault was not stopped', async () => {
        for (const { namespace, name } of faults) await engine.call('deleteFault', { params: { name: `${namespace}~${name}` } });
      }),
  };
}

/** What a click does, before it is done. */
function reachWords(edge: GraphEdge): string {
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
  const whom = edge.from === 'outside' ? `to ${to}` : `from ${from} to ${to}`;
  return `Meets every request ${whom}, ${formatRate(edge.rate)}/s now, on ${to}’s side: ${from}’s retries, timeout and ejection react. Ends by itself after 10 min.`;
}

interface ArmButtonsProps {
  edge: GraphEdge;
  disabled: boolean;
  onArm: (body: FaultRequest) => void;
  onForm: (form: FaultForm) => void;
}

function ArmButtons({ edge, disabled, onArm, onForm }: ArmButtonsProps) {
  const types = useToxicTypes();
  const status = useStatus();
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
  const sick = sickCandidate(status?.workloads ?? [], to, edge.to.slice(0, edge.to.lastIndexOf('/')));
  const quick = (kind: keyof typeof quickFaults, icon: ReactNode) => (
    <Button icon={icon} disabled={disabled} data-testid={`inject-${kind}`} onClick={() => onArm(quickFault(edge, kind))}>
      {quickFaults[kind].label}
    </Button>
  );
  return (
    <>
      {quick('delay', <Timer size={13} />)}
      {quick('error', <Ban size={13} />)}
      {sick && (
        <Button
          icon={<HeartPulse size={13} />}
          disabled={disabled}
          data-testid="inject-sick"
          title={`Every answer of ${sick.id} is a 503 for ${sickFor}, to every caller: ejection takes it out of the pool`}
          onClick={() => onArm(sickInstance(sick))}
        >
          {sick.id} sick, 30 s
        </Button>
      )}
      <Menu
        trigger={
          <Button icon={<Biohazard size={13} />} disabled={disabled} data-testid="inject-toxic">
            Toxic…
          </Button>
        }
        items={[
          { heading: 'On the bytes of this edge' },
          ...types
            .filter(({ type }) => type !== 'noop')
            .map(({ type, summary }) => ({
              id: type,
              label: `${toxicName(type)}: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`,
              onSelect: () => onForm({ ...formFor(edge), effect: 'toxics', toxics: [newToxic(type, types)] }),
            })),
        ]}
      />
      <a
        className="dd-button"
        data-variant="ghost"
        data-size="medium"
        href={hrefTo('faults', { to, from: edge.from === 'outside' ? undefined : from })}
      >
        More…
      </a>
    </>
  );
}

/** A form for the calls of this edge; a caller outside the mesh has no name to ask for. */
function formFor(edge: GraphEdge): FaultForm {
  return { ...blankFault, to: shortName(edge.to), from: edge.from === 'outside' ? '' : shortName(edge.from) };
}

function FaultRow({ fault, busy, onStop }: { fault: FaultStatus; busy: boolean; onStop: () => void }) {
  const now = useNow(fault.expiresAt !== null);
  const left = fault.expiresAt === null ? 'until stopped' : `${formatSpan(Date.parse(fault.expiresAt) - now)} left`;
  return (
    <div className="topo-fault num" data-testid="edge-fault">
      <span className="topo-fault-what">
        <Zap size={13} aria-hidden="true" />
        <span className="truncate">{describeFault(fault.spec)}</span>
      </span>
      <small>
        {fault.state === 'waiting' ? 'Waiting' : 'Armed'}
        {fault.spec.from ? '' : ' for every caller'} · {formatCount(fault.hits)} hit · {left}
      </small>
      <Button size="small" disabled={busy} onClick={onStop} aria-label={`Stop ${fault.name}`}>
        Stop
      </Button>
    </div>
  );
}

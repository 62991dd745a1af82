import { ArrowLeftRight, Ban, Biohazard, Box, Lock, LockOpen, Timer, X, Zap } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine, useFaults } from '../../engine/use-engine.ts';
import {
  Badge,
  Button,
  formatCount,
  formatRate,
  formatShare,
  formatSpan,
  IconButton,
  Menu,
  plural,
  useToasts,
} from '../../ui/index.ts';
import { FaultDialog } from '../faults/fault-dialog.tsx';
import { blankFault, type FaultForm } from '../faults/fault-form.ts';
import { useToxicTypes } from '../faults/toxic-fields.tsx';
import { newToxic, toxicName } from '../faults/toxic-words.ts';
import { describeFault, faultsOnEdge, quickFault, quickFaults } from './edge-faults.ts';
import { RedNumbers } from './numbers.tsx';
import { requestsHref } from './request-links.ts';
import { shortName } from './short-name.ts';
import { SplitSection } from './split-section.tsx';
import { StandInSection } from './stand-in-section.tsx';

/** Hits of a fault are no events; while the panel shows them they are asked for. */
const hitsEveryMs = 2000;

/** Everything about the calls from one service to another, and the quickest way to break them. */
export function EdgePanel({ edge, target, onClose }: { edge: GraphEdge; target: GraphNode | undefined; onClose: () => void }) {
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
  const hasService = target?.kind === 'service';
  return (
    <aside className="topo-panel" aria-label={`Calls from ${from} to ${to}`} data-testid="edge-panel">
      <header className="topo-panel-head">
        <div className="grow">
          <h2 className="topo-panel-title">
            {from} <span aria-hidden="true">→</span>
            <span className="visually-hidden">to</span> {to}
          </h2>
          <div className="topo-panel-sub">
            {edge.protocol && <Badge>{edge.protocol}</Badge>}
            {edge.inferred ? <Badge>◌ inferred</Badge> : <MtlsBadge share={edge.mtlsShare} />}
          </div>
        </div>
        <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="topo-panel-body">
        <section className="topo-section">
          <RedNumbers red={edge} ends={edge} />
        </section>
        {edge.inferred ? (
          <p className="muted">
            Known from spans that {from} sent: no sidecar sees these calls, so nothing can be injected into them or shifted.
          </p>
        ) : (
          <>
            <Signals edge={edge} />
            <FaultSection edge={edge} injectable={hasService} />
            <SplitSection edge={edge} target={target} />
          </>
        )}
        {!edge.inferred && hasService && target.protocol !== 'tcp' && (
          <StandInSection service={edge.to} from={edge.from === 'outside' ? null : from} />
        )}
        <section className="topo-section topo-actions">
          <a className="dd-button" data-variant="default" data-size="medium" href={requestsHref(edge)}>
            <ArrowLeftRight size={13} aria-hidden="true" /> {edge.inferred ? 'Traces' : 'Requests'}
          </a>
          {hasService && (
            <a className="dd-button" data-variant="default" data-size="medium" href={hrefTo('service', { name: edge.to })}>
              <Box size={13} aria-hidden="true" /> Open {to}
            </a>
          )}
        </section>
      </div>
    </aside>
  );
}

function MtlsBadge({ share }: { share: number }) {
  if (share >= 0.999)
    return (
      <Badge tone="ok" icon={<Lock size={11} />}>
        mutual TLS
      </Badge>
    );
  return (
    <Badge tone="warn" icon={<LockOpen size={11} />}>
      {share > 0 ? `mutual TLS on ${formatShare(share)}` : 'plain text'}
    </Badge>
  );
}

/** What the caller's sidecar did about failures; each leads to its requests. */
function Signals({ edge }: { edge: GraphEdge }) {
  const signals = [
    edge.ejected > 0 && {
      text: `✖ ${plural(edge.ejected, 'host')} ejected`,
      tone: 'bad' as const,
      href: hrefTo('service', { name: edge.to }),
    },
    edge.overflows > 0 && {
      text: `✖ Overflow ${formatCount(edge.overflows)}`,
      tone: 'bad' as const,
      href: requestsHref(edge, 'flag:UO'),
    },
    edge.timeouts > 0 && {
      text: `▲ ${plural(edge.timeouts, 'timeout')}`,
      tone: 'warn' as const,
      href: requestsHref(edge, 'flag:UT'),
    },
    edge.retryRatio > 0 && {
      text: `↻ ${edge.retryRatio.toFixed(2)} retries per request`,
      tone: 'warn' as const,
      href: requestsHref(edge, 'tries>1'),
    },
    edge.open !== undefined &&
      edge.open > 0 && {
        text: `● ${edge.open} open now`,
        tone: 'accent' as const,
        href: requestsHref(edge, 'open:yes'),
      },
    edge.mirrors !== undefined &&
      edge.mirrors.length > 0 && {
        text: `⧉ copied to ${edge.mirrors.map(shortName).join(', ')}`,
        tone: 'info' as const,
        href: requestsHref({ from: edge.from, to: edge.mirrors[0] }),
      },
    edge.faultHits > 0 && {
      text: `⚡ ${plural(edge.faultHits, 'request')} met a fault`,
      tone: 'fault' as const,
      href: requestsHref(edge, 'fault:*'),
    },
  ].filter((signal) => signal !== false);
  if (signals.length === 0) return null;
  return (
    <section className="topo-section">
      <h3>What happened</h3>
      <div className="topo-signals">
        {signals.map(({ text, tone, href }) => (
          <a key={text} href={href}>
            <Badge tone={tone}>{text}</Badge>
          </a>
        ))}
      </div>
    </section>
  );
}

function FaultSection({ edge, injectable }: { edge: GraphEdge; injectable: boolean }) {
  const engine = useEngine();
  const toasts = useToasts();
  const here = faultsOnEdge(useFaults(), edge);
  const [busy, setBusy] = useState(false);
  const types = useToxicTypes();
  const [form, setForm] = useState<FaultForm | null>(null);
  const watching = here.length > 0;
  useEffect(() => {
    if (!watching) return;
    const timer = setInterval(() => void engine.refreshFaults(), hitsEveryMs);
    return () => clearInterval(timer);
  }, [engine, watching]);
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
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
  const inject = (kind: keyof typeof quickFaults) =>
    run('The fault was not armed', () => engine.call('addFault', { body: quickFault(edge, kind) }));
  const stop = (faults: readonly FaultStatus[]) =>
    run('A fault was not stopped', async () => {
      for (const { namespace, name } of faults) await engine.call('deleteFault', { params: { name: `${namespace}~${name}` } });
    });
  return (
    <section className="topo-section">
      <h3>Faults</h3>
      {here.map((fault) => (
        <FaultRow key={`${fault.namespace}/${fault.name}`} fault={fault} busy={busy} onStop={() => void stop([fault])} />
      ))}
      <div className="topo-fault-buttons" style={here.length > 0 ? { marginTop: 10 } : undefined}>
        <Button
          icon={<Timer size={13} />}
          disabled={busy || !injectable}
          data-testid="inject-delay"
          onClick={() => void inject('delay')}
        >
          {quickFaults.delay.label}
        </Button>
        <Button
          icon={<Ban size={13} />}
          disabled={busy || !injectable}
          data-testid="inject-error"
          onClick={() => void inject('error')}
        >
          {quickFaults.error.label}
        </Button>
        <Menu
          trigger={
            <Button icon={<Biohazard size={13} />} disabled={busy || !injectable} data-testid="inject-toxic">
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
                onSelect: () => setForm({ ...formFor(edge), effect: 'toxics', toxics: [newToxic(type, types)] }),
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
        {here.length > 0 && (
          <Button variant="danger" disabled={busy} data-testid="stop-edge-faults" onClick={() => void stop(here)}>
            {here.length === 1 ? 'Stop it' : `Stop all ${here.length}`}
          </Button>
        )}
      </div>
      {form && (
        <FaultDialog
          initial={form}
          onClose={() => {
            setForm(null);
            void engine.refreshFaults();
          }}
        />
      )}
      <p className="topo-note">
        {injectable
          ? `Meets every request ${edge.from === 'outside' ? `to ${to}` : `from ${from} to ${to}`}, ${formatRate(edge.rate)}/s now, on ${to}’s side: ${from}’s retries, timeout and ejection react. Ends by itself after 10 min.`
          : `${to} has no sidecar here; a fault can stand only on the caller’s side. Choose More…`}
      </p>
    </section>
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

/** The time, once a second while it matters. */
function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}

import { CircleStop, Plus, Zap } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useEngine, useFaults } from '../../engine/use-engine.ts';
import {
  Badge,
  Button,
  EmptyState,
  formatCount,
  formatSpan,
  Notice,
  Table,
  type Tone,
  Toolbar,
  useToasts,
} from '../../ui/index.ts';
import { describeFault } from '../topology/edge-faults.ts';
import { FaultDialog } from './fault-dialog.tsx';
import { blankFault, type FaultForm, presets } from './fault-form.ts';
import { ToxicProxies } from './toxic-proxies.tsx';

/** Everything broken on purpose, with what it hit and when it ends; `?to=&from=` opens the form filled in. */
export default function FaultsScreen() {
  const engine = useEngine();
  const faults = useFaults();
  const { query } = useRoute();
  const router = useRouter();
  const [form, setForm] = useState<FaultForm | null>(null);
  usePolling(() => void engine.refreshFaults());
  const wanted = query.get('to');
  const opened: FaultForm | null =
    form ??
    (wanted === null ? null : { ...blankFault, to: wanted, from: query.get('from') ?? '', path: query.get('path') ?? '' });
  const close = () => {
    setForm(null);
    router.setQuery({ to: undefined, from: undefined, path: undefined, method: undefined });
  };
  return (
    <div className="screen">
      <Toolbar title="Faults">
        <div className="row grow faults-presets">
          {presets.map((preset) => (
            <Button key={preset.id} size="small" onClick={() => setForm({ ...blankFault, ...preset.change })}>
              {preset.label}
            </Button>
          ))}
        </div>
        <StopAll faults={faults} />
        <Button variant="primary" icon={<Plus size={14} />} data-testid="fault-new" onClick={() => setForm(blankFault)}>
          New fault
        </Button>
      </Toolbar>
      <div className="screen-scroll faults-body">
        {faults.length === 0 ? (
          <EmptyState
            icon={Zap}
            title="Nothing is broken on purpose"
            actions={
              <Button variant="primary" onClick={() => setForm({ ...blankFault, ...presets[2]!.change })}>
                Break 30 % of some calls
              </Button>
            }
          >
            A fault delays, fails or damages calls to a service. It ends by itself after ten minutes unless you say otherwise.
          </EmptyState>
        ) : (
          <>
            <FaultTable faults={faults} selected={query.get('name')} />
            <Notice tone="info">
              <b>Callee’s sidecar</b>: the caller’s retries, timeout and ejection react, as to a real failure.{' '}
              <b>Caller’s sidecar</b> is where Istio’s own fault filter stands: before the router, so nothing reacts; only these
              export as Istio YAML. <b>Toxics</b> disturb bytes below HTTP: on either side everything reacts.
            </Notice>
          </>
        )}
        <ToxicProxies />
      </div>
      {opened && <FaultDialog initial={opened} onClose={close} />}
    </div>
  );
}

const states: Record<FaultStatus['state'], { tone: Tone; text: string }> = {
  armed: { tone: 'fault', text: '⚡ armed' },
  waiting: { tone: 'info', text: '◷ waiting' },
  disabled: { tone: 'neutral', text: '○ off' },
  expired: { tone: 'neutral', text: '✓ over' },
};

function FaultTable({ faults, selected }: { faults: readonly FaultStatus[]; selected: string | null }) {
  return (
    <Table
      label="Faults"
      rows={faults}
      keyOf={(fault) => `${fault.namespace}/${fault.name}`}
      selected={
        faults.find((f) => f.name === selected) ? `${faults.find((f) => f.name === selected)!.namespace}/${selected}` : null
      }
      columns={[
        {
          id: 'state',
          title: 'State',
          width: '104px',
          cell: (f) => <Badge tone={states[f.state].tone}>{states[f.state].text}</Badge>,
        },
        {
          id: 'name',
          title: 'Name',
          cell: (f) => (
            <span className="mono faults-name" data-testid={`fault-row-${f.name}`}>
              {f.name}
            </span>
          ),
        },
        { id: 'edge', title: 'Calls', cell: (f) => <EdgeWords fault={f} /> },
        { id: 'effect', title: 'Effect', cell: (f) => describeFault(f.spec) },
        { id: 'side', title: 'Where', cell: (f) => <SideWords fault={f} /> },
        {
          id: 'hits',
          title: 'Hits',
          align: 'end',
          cell: (f) => (
            <a
              className="num faults-name"
              data-testid={`fault-hits-${f.name}`}
              href={hrefTo('requests', { filter: `fault:${f.name}` })}
              title={`${f.hits} of ${f.matched} matching requests`}
            >
              {formatCount(f.hits)} of {formatCount(f.matched)}
            </a>
          ),
        },
        { id: 'ttl', title: 'Ends in', align: 'end', cell: (f) => <span className="num">{timeLeft(f)}</span> },
        { id: 'remove', title: '', align: 'end', width: '92px', cell: (f) => <RemoveButton fault={f} /> },
      ]}
    />
  );
}

function EdgeWords({ fault }: { fault: FaultStatus }) {
  const { to, from } = fault.spec;
  return (
    <>
      {from?.service ?? 'anyone'} → <b>{to.service}</b> <span className="soft">{to.version ?? to.workload ?? ''}</span>
    </>
  );
}

function SideWords({ fault }: { fault: FaultStatus }) {
  const server = fault.spec.side === 'server';
  const bytes = fault.spec.tcp !== undefined;
  const reacts = server || bytes ? 'retries, ejection and timeouts react' : 'nothing reacts (as in Istio)';
  return <span title={reacts}>{server ? 'callee’s sidecar' : bytes ? 'caller’s sidecar' : 'caller’s sidecar (Istio)'}</span>;
}

function timeLeft(fault: FaultStatus): string {
  if (fault.expiresAt === null) return fault.saved ? 'stays (file)' : 'stays';
  return formatSpan(Math.max(0, Date.parse(fault.expiresAt) - Date.now()));
}

function RemoveButton({ fault }: { fault: FaultStatus }) {
  const engine = useEngine();
  const toasts = useToasts();
  const remove = async () => {
    try {
      await engine.call('deleteFault', { params: { name: `${fault.namespace}~${fault.name}` } });
      await engine.refreshFaults();
    } catch (error) {
      toasts.error(`${fault.name} was not removed`, error);
    }
  };
  return (
    <Button size="small" data-testid={`fault-remove-${fault.name}`} onClick={() => void remove()}>
      Remove
    </Button>
  );
}

function StopAll({ faults }: { faults: readonly FaultStatus[] }) {
  const engine = useEngine();
  const toasts = useToasts();
  const acting = faults.filter((f) => f.state === 'armed' || f.state === 'waiting').length;
  const stop = async () => {
    try {
      await engine.call('stopAllFaults');
      await engine.refreshFaults();
    } catch (error) {
      toasts.error('The faults were not stopped', error);
    }
  };
  return (
    <Button
      variant="danger"
      icon={<CircleStop size={14} />}
      disabled={acting === 0}
      data-testid="faults-stop-all"
      onClick={() => void stop()}
    >
      Stop all{acting > 0 ? ` (${acting})` : ''}
    </Button>
  );
}

/** Hits and times move while the screen is looked at. */
function usePolling(poll: () => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: one timer for the life of the screen.
  useEffect(() => {
    poll();
    const timer = setInterval(poll, 1000);
    return () => clearInterval(timer);
  }, []);
}

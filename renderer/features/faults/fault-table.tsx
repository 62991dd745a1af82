import { Pencil, Power, PowerOff, Trash2 } from 'lucide-react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Badge, formatCount, formatSpan, IconButton, Table, type Tone, useToasts } from '../../ui/index.ts';
import { describeFault } from '../topology/edge-faults.ts';
import { scheduleWords } from './schedule-words.ts';
import { useArmFault } from './use-arm-fault.ts';

const states: Record<FaultStatus['state'], { tone: Tone; text: string }> = {
  armed: { tone: 'fault', text: '⚡ armed' },
  waiting: { tone: 'info', text: '◷ waiting' },
  disabled: { tone: 'neutral', text: '○ off' },
  expired: { tone: 'neutral', text: '✓ over' },
};

export interface FaultTableProps {
  faults: readonly FaultStatus[];
  /** Name of the one whose decisions are shown. */
  selected: string | null;
  onSelect: (name: string) => void;
  onChange: (fault: FaultStatus) => void;
}

/** Faults with what they do, whom they hit and when they end. */
export function FaultTable({ faults, selected, onSelect, onChange }: FaultTableProps) {
  const chosen = faults.find(({ name }) => name === selected);
  return (
    <Table
      label="Faults"
      rows={faults}
      keyOf={(fault) => `${fault.namespace}/${fault.name}`}
      selected={chosen ? `${chosen.namespace}/${chosen.name}` : null}
      onSelect={({ name }) => onSelect(name)}
      columns={[
        {
          id: 'state',
          title: 'State',
          width: '98px',
          cell: (f) => <Badge tone={states[f.state].tone}>{states[f.state].text}</Badge>,
        },
        {
          id: 'name',
          title: 'Name',
          cell: (f) => (
            <button
              type="button"
              className="mono faults-name"
              data-testid={`fault-row-${f.name}`}
              aria-expanded={f.name === selected}
              title={`${f.name}: its decisions`}
              onClick={(event) => {
                event.stopPropagation();
                onSelect(f.name);
              }}
            >
              {f.name}
            </button>
          ),
        },
        { id: 'edge', title: 'Calls', cell: (f) => <EdgeWords fault={f} /> },
        { id: 'effect', title: 'Effect', cell: (f) => <EffectWords fault={f} /> },
        { id: 'side', title: 'Where', cell: (f) => <SideWords fault={f} /> },
        {
          id: 'hits',
          title: 'Hits',
          align: 'end',
          cell: (f) => (
            <a
              className="num faults-hits"
              data-testid={`fault-hits-${f.name}`}
              href={hrefTo('requests', { filter: `fault:${f.name}` })}
              title={`${f.hits} of ${f.matched} matching requests`}
              onClick={(event) => event.stopPropagation()}
            >
              {formatCount(f.hits)} of {formatCount(f.matched)}
            </a>
          ),
        },
        { id: 'ttl', title: 'Ends in', align: 'end', cell: (f) => <span className="num faults-hits">{timeLeft(f)}</span> },
        { id: 'acts', title: '', align: 'end', width: '104px', cell: (f) => <Acts fault={f} onChange={() => onChange(f)} /> },
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

function EffectWords({ fault }: { fault: FaultStatus }) {
  const schedule = scheduleWords(fault.spec);
  return (
    <>
      {describeFault(fault.spec)}
      {schedule !== '' && <span className="soft">, {schedule}</span>}
    </>
  );
}

function SideWords({ fault }: { fault: FaultStatus }) {
  const server = fault.spec.side === 'server';
  const bytes = fault.spec.tcp !== undefined;
  const reacts = server || bytes ? 'retries, ejection and timeouts react' : 'nothing reacts (as in Istio)';
  return (
    <span className="faults-where" title={`${server ? 'callee’s' : 'caller’s'} sidecar: ${reacts}`}>
      {server ? 'callee' : bytes ? 'caller' : 'caller (Istio)'}
    </span>
  );
}

function timeLeft(fault: FaultStatus): string {
  if (fault.expiresAt === null) return fault.saved ? 'stays (file)' : 'stays';
  return formatSpan(Math.max(0, Date.parse(fault.expiresAt) - Date.now()));
}

/** Off and on again, change, remove. What stands in a file is changed there. */
function Acts({ fault, onChange }: { fault: FaultStatus; onChange: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const router = useRouter();
  const armFault = useArmFault();
  const { name, namespace, spec } = fault;
  const guarded = (act: () => Promise<void>, failure: string) => () =>
    act().catch((error: unknown) => toasts.error(failure, error));
  const remove = guarded(async () => {
    await engine.call('deleteFault', { params: { name: `${namespace}~${name}` } });
    await engine.refreshFaults();
  }, `${name} was not removed`);
  const turn = guarded(() => armFault({ name, namespace, spec: { ...spec, enabled: !spec.enabled } }), `${name} was not changed`);
  const change = () => (fault.saved ? router.navigate('config', { object: `Fault/${namespace}/${name}` }) : onChange());
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps the row from being chosen by a click beside a button.
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
    <span className="row faults-acts" onClick={(event) => event.stopPropagation()}>
      {!fault.saved && (
        <IconButton
          size="small"
          label={spec.enabled ? `Switch ${name} off` : `Switch ${name} on`}
          icon={spec.enabled ? <PowerOff size={14} /> : <Power size={14} />}
          data-testid={`fault-turn-${name}`}
          onClick={() => void turn()}
        />
      )}
      <IconButton
        size="small"
        label={fault.saved ? `Change ${name} in its file` : `Change ${name}`}
        icon={<Pencil size={14} />}
        data-testid={`fault-change-${name}`}
        onClick={change}
      />
      <IconButton
        size="small"
        label={`Remove ${name}`}
        icon={<Trash2 size={14} />}
        data-testid={`fault-remove-${name}`}
        onClick={() => void remove()}
      />
    </span>
  );
}

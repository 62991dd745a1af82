import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, EdgeWords, formatCount, formatSpan, Table, type TableProps, type Tone } from '../../ui/index.ts';
import { describeEffect } from '../topology/edge-faults.ts';
import { FaultActs } from './fault-acts.tsx';
import { describeMatch } from './match-words.ts';
import { scheduleWords } from './schedule-words.ts';

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

/** Faults with where they act, whom they meet, what they do, whom they hit and when they end. */
export function FaultTable({ faults, selected, onSelect, onChange }: FaultTableProps) {
  const chosen = faults.find(({ name }) => name === selected);
  const columns = [...allColumns(selected, onSelect), actions(onChange)];
  return (
    <Table
      label="Faults"
      rows={faults}
      keyOf={(fault) => `${fault.namespace}/${fault.name}`}
      selected={chosen ? `${chosen.namespace}/${chosen.name}` : null}
      onSelect={({ name }) => onSelect(name)}
      columns={chosen ? columns.filter(({ id }) => besidePanel.has(id)) : columns}
    />
  );
}

type FaultColumn = TableProps<FaultStatus>['columns'][number];

/** Beside an open panel there is room for these; the panel says the rest of its fault. */
const besidePanel = new Set(['state', 'target', 'effect', 'hits', 'ttl']);

function allColumns(selected: string | null, onSelect: (name: string) => void): FaultColumn[] {
  return [
    { id: 'state', title: 'On', width: '98px', cell: (f) => <Badge tone={states[f.state].tone}>{states[f.state].text}</Badge> },
    { id: 'side', title: 'Where', width: '108px', cell: (f) => <Where fault={f} /> },
    {
      id: 'target',
      title: 'Target',
      width: '20%',
      cell: (f) => <Target fault={f} isOpen={f.name === selected} onSelect={onSelect} />,
    },
    { id: 'match', title: 'Match', cell: (f) => <Match fault={f} /> },
    { id: 'effect', title: 'Effect', cell: (f) => <Effect fault={f} /> },
    { id: 'hits', title: 'Hits', align: 'end', width: '112px', cell: (f) => <Hits fault={f} /> },
    { id: 'ttl', title: 'Ends in', align: 'end', width: '82px', cell: (f) => <TimeLeft fault={f} /> },
  ];
}

const actions = (onChange: (fault: FaultStatus) => void): FaultColumn => ({
  ...{ id: 'acts', title: '', align: 'end', width: '104px' },
  cell: (f) => <FaultActs fault={f} onChange={() => onChange(f)} />,
});

/** `retries ✔ ejection ✔ caller’s timeout ✔`: what may react, by where the fault acts. */
export function reactsWords({ reacts }: Pick<FaultStatus, 'reacts'>): string {
  const mark = (does: boolean) => (does ? '✔' : '✖');
  return `retries ${mark(reacts.retries)} ejection ${mark(reacts.ejection)} caller’s timeout ${mark(reacts.callerTimeout)}`;
}

/** The sidecar it acts in, and whether the caller's defences react there. */
function Where({ fault }: { fault: FaultStatus }) {
  const { spec, reacts } = fault;
  const some = reacts.retries || reacts.ejection || reacts.callerTimeout;
  return (
    <span
      className="faults-two"
      title={`${spec.side === 'server' ? 'The callee’s' : 'The caller’s'} sidecar: ${reactsWords(fault)}`}
    >
      <span>{spec.side === 'server' ? 'upstream' : 'caller'}</span>
      <small className={some ? 'soft' : 'tone-warn tone-text'}>{some ? '✔ caller reacts' : '✖ none reacts'}</small>
    </span>
  );
}

function Target({ fault, isOpen, onSelect }: { fault: FaultStatus; isOpen: boolean; onSelect: (name: string) => void }) {
  const { name, spec } = fault;
  const { to, from } = spec;
  const which = to.workload ?? to.version ?? '';
  const port = to.port === undefined ? '' : `:${to.port}`;
  return (
    <span className="faults-two">
      <EdgeWords from={from?.service ?? 'anyone'} to={to.service} note={[which, port].filter(Boolean).join(' ')} />
      <button
        type="button"
        className="mono faults-name"
        data-testid={`fault-row-${name}`}
        aria-expanded={isOpen}
        title={`${name}: its decisions`}
        onClick={(event) => {
          event.stopPropagation();
          onSelect(name);
        }}
      >
        {name}
      </button>
    </span>
  );
}

function Match({ fault: { spec } }: { fault: FaultStatus }) {
  const words = describeMatch(spec.match);
  if (words === '') return <span className="soft">{spec.tcp ? 'connections' : 'every request'}</span>;
  return (
    <span className="mono faults-match" title={words}>
      {words}
    </span>
  );
}

function Effect({ fault: { spec } }: { fault: FaultStatus }) {
  const schedule = scheduleWords(spec);
  return (
    <span className="faults-two">
      <span>{describeEffect(spec)}</span>
      {schedule !== '' && <small className="soft">{schedule}</small>}
    </span>
  );
}

function Hits({ fault: { name, hits, matched, spec } }: { fault: FaultStatus }) {
  return (
    <a
      className="num faults-hits"
      data-testid={`fault-hits-${name}`}
      href={hrefTo('requests', { filter: `fault:${name}` })}
      title={`${hits} of ${matched} ${spec.tcp ? 'connections' : 'matching requests'}`}
      onClick={(event) => event.stopPropagation()}
    >
      {formatCount(hits)} of {formatCount(matched)}
    </a>
  );
}

function TimeLeft({ fault: { expiresAt, saved, state } }: { fault: FaultStatus }) {
  if (expiresAt !== null && state !== 'expired')
    return <span className="num faults-hits">{formatSpan(Math.max(0, Date.parse(expiresAt) - Date.now()))}</span>;
  if (state === 'expired') return <span className="soft">–</span>;
  return (
    <span
      className="faults-hits"
      title={saved ? 'Saved: it stands in a file of the mesh' : 'Until it is removed or the engine ends'}
    >
      {saved ? '▤ saved' : 'stays'}
    </span>
  );
}

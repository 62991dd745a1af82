import { useMemo } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Badge, formatCount, Panel, Table } from '../../ui/index.ts';
import { describeFault } from '../topology/edge-faults.ts';
import { policiesOf } from './service-policies.ts';

/** Every object that decides about this service's traffic, as the engine uses it, with where it was written. */
export function Policies({ name, namespace, workloads }: { name: string; namespace: string; workloads: readonly string[] }) {
  const { paused } = usePreferences();
  const { data } = useCall('listResources', {}, paused ? undefined : 5000);
  const ids = workloads.join(' ');
  const rows = useMemo(
    () => policiesOf(data?.resources ?? [], { name, namespace, workloads: ids.split(' ') }),
    [data, name, namespace, ids],
  );
  return (
    <Panel title="Policies in effect" hint={rows.length > 0 ? String(rows.length) : undefined} flush>
      {rows.length === 0 ? (
        <p className="service-none">Nothing is configured for it: Istio’s defaults hold.</p>
      ) : (
        <Table
          label="Policies in effect"
          rows={rows}
          keyOf={(row) => `${row.kind}/${row.namespace}/${row.name}`}
          rowTestId="policy-row"
          columns={[
            { id: 'kind', title: 'Kind', cell: ({ kind }) => kind },
            { id: 'name', title: 'Name', cell: (row) => <NameLink resource={row} /> },
            { id: 'acts', title: 'Acts on', cell: (row) => <Acts resource={row} name={name} /> },
            { id: 'source', title: 'Written in', cell: (row) => <Source resource={row} /> },
            {
              id: 'state',
              title: 'State',
              cell: ({ status }) => (
                <Badge tone={status.state === 'accepted' ? 'ok' : status.state === 'warning' ? 'warn' : 'bad'}>
                  {status.state === 'accepted' ? '● in force' : status.state === 'warning' ? '▲ warning' : '✖ rejected'}
                </Badge>
              ),
            },
            { id: 'matched', title: 'Requests', align: 'end', cell: ({ status }) => formatCount(status.matched) },
          ]}
        />
      )}
    </Panel>
  );
}

function NameLink({ resource: { kind, namespace, name } }: { resource: Resource }) {
  if (kind === 'Fault') return <a href={hrefTo('faults', { name })}>{name}</a>;
  return <a href={hrefTo('config', { object: `${kind}/${namespace}/${name}` })}>{name}</a>;
}

function Acts({ resource: { kind, spec, status }, name }: { resource: Resource; name: string }) {
  if (kind === 'Fault') return <span className="tone-text tone-fault">⚡ {describeFault(spec as FaultSpec)}</span>;
  const own = status.usedBy.filter((use) => use.includes(name));
  const [first = '', ...more] = own.length > 0 ? own : status.usedBy;
  return (
    <span title={own.join('\n')}>
      {first} {more.length > 0 && <span className="muted">and {more.length} more</span>}
    </span>
  );
}

function Source({ resource: { source } }: { resource: Resource }) {
  const file = source.file.split('/').at(-1) ?? source.file;
  return (
    <span className="mono" title={source.file}>
      {source.live ? 'applied live' : `${file}:${source.line}`}
    </span>
  );
}

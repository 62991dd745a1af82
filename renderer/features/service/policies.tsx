import { FilePen, ScrollText } from 'lucide-react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { Badge, Button, EmptyState, formatCount, Panel, plural, Table } from '../../ui/index.ts';
import { describeFault } from '../topology/edge-faults.ts';
import { policyWords } from './policy-words.ts';

/** Every object that decides about this service's traffic, as the engine uses it, with where it was written. */
export function Policies({ name, resources }: { name: string; resources: readonly Resource[] }) {
  const router = useRouter();
  if (resources.length === 0)
    return (
      <EmptyState
        icon={ScrollText}
        title="Nothing is configured for it"
        actions={<Button onClick={() => router.navigate('config')}>Open Config</Button>}
      >
        Istio’s defaults hold: no limits, no ejection, two retries, mutual TLS where both sides can.
      </EmptyState>
    );
  return (
    <Panel title="Policies in effect" hint={String(resources.length)} flush>
      <Table
        label="Policies in effect"
        rows={resources}
        keyOf={(row) => `${row.kind}/${row.namespace}/${row.name}`}
        rowTestId="policy-row"
        columns={[
          { id: 'kind', title: 'Kind', cell: ({ kind }) => kind },
          { id: 'name', title: 'Name', cell: (row) => <NameLink resource={row} /> },
          { id: 'acts', title: 'Does', cell: (row) => <Acts resource={row} name={name} /> },
          { id: 'source', title: 'Written in', cell: (row) => <PolicySource resource={row} /> },
          { id: 'state', title: 'State', cell: (row) => <State resource={row} /> },
          {
            id: 'matched',
            title: 'Requests',
            align: 'end',
            cell: (row) => <a href={objectHref(row)}>{formatCount(row.status.matched)}</a>,
          },
          {
            id: 'edit',
            title: '',
            align: 'end',
            cell: (row) => (
              <a
                className="dd-button"
                data-variant="ghost"
                data-size="small"
                href={objectHref(row)}
                aria-label={`Edit ${row.name}`}
              >
                <FilePen size={12} aria-hidden="true" /> Edit
              </a>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function NameLink({ resource }: { resource: Resource }) {
  return (
    <a className="truncate service-name" href={objectHref(resource)} title={resource.name}>
      {resource.name}
    </a>
  );
}

function objectHref({ kind, namespace, name }: Resource): string {
  return kind === 'Fault' ? hrefTo('faults', { name }) : hrefTo('config', { object: `${kind}/${namespace}/${name}` });
}

/** What it says; where it is used stands in the title. */
function Acts({ resource: { kind, spec, status }, name }: { resource: Resource; name: string }) {
  if (kind === 'Fault') return <span className="tone-text tone-fault">⚡ {describeFault(spec as FaultSpec)}</span>;
  const own = status.usedBy.filter((use) => use.includes(name));
  const places = own.length > 0 ? own : status.usedBy;
  return (
    <span title={places.join('\n')}>
      {policyWords({ kind, spec })} <span className="muted">{plural(places.length, 'place')}</span>
    </span>
  );
}

function State({ resource: { status } }: { resource: Resource }) {
  const words = { accepted: '● in force', warning: '▲ warning', rejected: '✖ rejected' } as const;
  const tones = { accepted: 'ok', warning: 'warn', rejected: 'bad' } as const;
  return (
    <Badge tone={tones[status.state]} title={status.diagnostics.map(({ message }) => message).join('\n') || undefined}>
      {words[status.state]}
    </Badge>
  );
}

/** `pay.yaml:14`, or that it was applied live. */
export function PolicySource({ resource: { source } }: { resource: Resource }) {
  const file = source.file.split('/').at(-1) ?? source.file;
  return (
    <span className="mono" title={source.file}>
      {source.live ? 'applied live' : `${file}:${source.line}`}
    </span>
  );
}

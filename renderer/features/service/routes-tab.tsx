import { FilePen, Plus, Route } from 'lucide-react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { Button, EmptyState, Panel, plural, Table } from '../../ui/index.ts';
import { PolicySource } from './policies.tsx';
import { type RouteRule, routingKinds, rulesOf } from './route-rules.ts';

/** Which rules decide where its requests go, in the order they are tried. */
export function RoutesTab({ name, resources }: { name: string; resources: readonly Resource[] }) {
  const router = useRouter();
  const routes = resources.filter(({ kind }) => routingKinds.includes(kind));
  if (routes.length === 0)
    return (
      <EmptyState
        icon={Route}
        title="No rule decides about its requests"
        actions={
          <Button icon={<Plus size={14} />} onClick={() => router.navigate('config')}>
            Write a VirtualService
          </Button>
        }
      >
        Calls to {name} go to every instance in rotation, with Istio’s default of two retries.
      </EmptyState>
    );
  return (
    <>
      {routes.map((route) => (
        <OneRoute key={`${route.kind}/${route.namespace}/${route.name}`} route={route} service={name} />
      ))}
    </>
  );
}

function OneRoute({ route, service }: { route: Resource; service: string }) {
  const { kind, namespace, name, status } = route;
  const rules = rulesOf(route);
  const object = hrefTo('config', { object: `${kind}/${namespace}/${name}` });
  return (
    <Panel
      title={`${kind} ${name}`}
      hint={<PolicySource resource={route} />}
      flush
      actions={
        <>
          <a className="num" href={object} title="What it did, rule by rule">
            decided about {plural(status.matched, 'request')}
          </a>
          <a className="dd-button" data-variant="default" data-size="small" href={object}>
            <FilePen size={12} aria-hidden="true" /> Edit
          </a>
        </>
      }
    >
      {rules.length === 0 ? (
        <p className="service-none">It has no rules.</p>
      ) : (
        <Table
          label={`Rules of ${name}`}
          rows={rules}
          keyOf={(rule) => rule.key}
          rowTestId="route-rule"
          columns={columnsOf(kind, service)}
        />
      )}
    </Panel>
  );
}

const lines = (texts: readonly string[], otherwise: string) =>
  texts.length === 0 ? (
    <span className="muted">{otherwise}</span>
  ) : (
    <span className="service-lines">
      {texts.map((text) => (
        <span key={text}>{text}</span>
      ))}
    </span>
  );

/** Requests tell by which rule they went when it has a name; those of a VirtualService without one are all called `default`. */
function RuleName({ rule, kind, service }: { rule: RouteRule; kind: string; service: string }) {
  if (kind !== 'VirtualService' || !rule.key.startsWith('http')) return <b>{rule.name}</b>;
  const route = rule.name === rule.key ? 'default' : rule.name;
  return (
    <a href={hrefTo('requests', { filter: `dest:${service} rule:${route}` })} title="Show the requests that went by it">
      <b>{rule.name}</b>
    </a>
  );
}

const columnsOf = (kind: string, service: string) => [
  { id: 'name', title: 'Rule', cell: (rule: RouteRule) => <RuleName rule={rule} kind={kind} service={service} /> },
  { id: 'when', title: 'When', cell: (rule: RouteRule) => <span className="mono">{lines(rule.when, 'always')}</span> },
  { id: 'to', title: 'Goes to', cell: (rule: RouteRule) => <span className="mono">{lines(rule.to, 'nowhere')}</span> },
  { id: 'also', title: 'Also', cell: (rule: RouteRule) => lines(rule.also, '–') },
];

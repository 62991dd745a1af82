import { ShieldQuestion } from 'lucide-react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, EmptyState, formatCount, Panel, plural, Table } from '../../ui/index.ts';
import { newFile } from '../config/file-names.ts';
import { modeOf, rootNamespace, selectorOf } from './mtls.ts';

const kinds = ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'];
export const isPolicy = (resource: Resource): boolean => kinds.includes(resource.kind);

/** Policies in force, what they say in a few words, and how often they decided. */
export function PoliciesTab({ resources }: { resources: readonly Resource[] }) {
  const policies = resources.filter(isPolicy).toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  if (policies.length === 0)
    return (
      <EmptyState
        icon={ShieldQuestion}
        title="No policy: everybody may call everybody"
        actions={
          <a className="dd-button" data-variant="primary" data-size="medium" href={hrefTo('config', { file: newFile })}>
            Write one
          </a>
        }
      >
        An AuthorizationPolicy says who may call what; a RequestAuthentication checks tokens; a PeerAuthentication demands mutual
        TLS.
      </EmptyState>
    );
  return (
    <Panel title="Policies" flush>
      <div className="security-table">
        <Table
          label="Policies"
          rows={policies}
          keyOf={(one) => `${one.kind}/${one.namespace}/${one.name}`}
          rowTestId="policy-row"
          columns={[
            { id: 'kind', title: 'Kind', cell: (one) => one.kind },
            {
              id: 'name',
              title: 'Name',
              cell: (one) => (
                <a className="mono" href={hrefTo('config', { object: `${one.kind}/${one.namespace}/${one.name}` })}>
                  {one.namespace}/{one.name}
                </a>
              ),
            },
            { id: 'to', title: 'Applies to', cell: (one) => appliesTo(one) },
            { id: 'says', title: 'Says', cell: (one) => sayings(one) },
            {
              id: 'matched',
              title: 'Decided about',
              align: 'end',
              cell: (one) => <Decided policy={one} />,
            },
            {
              id: 'state',
              title: 'State',
              cell: (one) =>
                one.status.state === 'accepted' ? (
                  <Badge tone="ok">✓ accepted</Badge>
                ) : (
                  <Badge tone="warn" title={one.status.diagnostics[0]?.message}>
                    ▲ {one.status.state}
                  </Badge>
                ),
            },
          ]}
        />
      </div>
    </Panel>
  );
}

/** Refusals name their policy; what was allowed went on to the service it guards. */
function Decided({ policy }: { policy: Resource }) {
  const { matched } = policy.status;
  if (matched === 0) return <span className="muted num">0</span>;
  return (
    <a className="num" href={hrefTo('requests', { hops: 'all', filter: decidedFilter(policy) })}>
      {formatCount(matched)}
    </a>
  );
}

export function decidedFilter(policy: Resource): string {
  const { action } = (policy.spec ?? {}) as { action?: string };
  if (policy.kind === 'AuthorizationPolicy' && action === 'DENY') return `"policy[${policy.name}]"`;
  const labels = selectorOf(policy);
  const app = labels.app ?? labels['app.kubernetes.io/name'];
  return app === undefined ? '' : `dest:${app}`;
}

function appliesTo(resource: Resource): string {
  const labels = Object.entries(selectorOf(resource));
  if (labels.length > 0) return labels.map(([name, value]) => `${name}=${value}`).join(', ');
  return resource.namespace === rootNamespace ? 'the whole mesh' : `namespace ${resource.namespace}`;
}

function sayings(resource: Resource): string {
  const spec = (resource.spec ?? {}) as { action?: string; rules?: unknown[]; jwtRules?: { issuer?: string }[] };
  if (resource.kind === 'PeerAuthentication') return `mutual TLS ${modeOf(resource)}`;
  if (resource.kind === 'RequestAuthentication')
    return `tokens of ${(spec.jwtRules ?? []).map(({ issuer }) => issuer ?? '?').join(', ') || 'nobody'}`;
  const rules = spec.rules?.length ?? 0;
  const action = spec.action ?? 'ALLOW';
  return rules === 0 ? `${action} nothing` : `${action} by ${plural(rules, 'rule')}`;
}

import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';

const order = [
  'VirtualService',
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'DestinationRule',
  'BackendTLSPolicy',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'Fault',
];

/**
 * The objects that the engine says it uses for a service: its virtual hosts, its clusters at the callers, its inbound ports; and the faults
 * for it. Judged by what was compiled, not by reading selectors again.
 */
export function policiesOf(
  resources: readonly Resource[],
  service: { name: string; namespace: string; workloads: readonly string[] },
): Resource[] {
  const { name, namespace, workloads } = service;
  const host = `${name}.${namespace}.svc.cluster.local`;
  const uses = (use: string) =>
    use.split(/[\s|:]/).includes(host) || workloads.some((id) => id !== '' && use.startsWith(`${id} inbound`));
  return resources
    .filter(({ kind, spec, status, ...own }) => {
      if (kind !== 'Fault') return kind !== 'Mesh' && status.usedBy.some(uses);
      const { to } = spec as FaultSpec;
      return to.service === name && (to.namespace ?? own.namespace) === namespace;
    })
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

const rank = ({ kind }: Resource): number => (order.includes(kind) ? order.indexOf(kind) : order.length);

import type { KnownService } from '../../../config/hosts.ts';
import type { ParsedResource } from '../../../config/index.ts';
import type { GatewayApiGatewaySpec, GatewayApiRouteSpec, ParentRefSpec } from '../../../config/kinds/istio-types.ts';
import { coversHost } from '../../../config/kinds/virtual-service.ts';

/* Which listener of a Gateway takes which route (Gateway API, AllowedRoutes and ParentReference). What is served and what is told go by this. */

export type Listener = NonNullable<GatewayApiGatewaySpec['listeners']>[number];

export const gatewayApiGroup = 'gateway.networking.k8s.io';

/** Every namespace has this label in a cluster; it is the only one known here. */
const nameLabel = 'kubernetes.io/metadata.name';

/** The parentRef names this Gateway and this listener of it. */
export function isParent(parent: ParentRefSpec, route: ParsedResource, gateway: ParsedResource, listener: Listener): boolean {
  return (
    (parent.kind ?? 'Gateway') === 'Gateway' &&
    parent.name === gateway.name &&
    (parent.namespace ?? route.namespace) === gateway.namespace &&
    isMeant(parent, listener)
  );
}

/** The parentRef names this Service, or this ServiceEntry, and this port of it. */
export function isServiceParent(parent: ParentRefSpec, route: ParsedResource, service: KnownService, port: number): boolean {
  const named = service.external
    ? parent.kind === 'ServiceEntry' && parent.name === service.resource.name
    : parent.kind === 'Service' && parent.name === service.name;
  return (
    named &&
    (parent.namespace ?? route.namespace) === service.namespace &&
    (parent.port === undefined || parent.port === port) &&
    (parent.sectionName === undefined || service.ports.some((one) => one.port === port && one.name === parent.sectionName))
  );
}

export const isMeant = (parent: ParentRefSpec, listener: Listener): boolean =>
  (parent.sectionName === undefined || parent.sectionName === listener.name) &&
  (parent.port === undefined || parent.port === listener.port);

/**
 * Kinds of route a listener takes: what its protocol can serve, of that what allowedRoutes names. `valid`: everything named can be served.
 * Source: pilot/pkg/config/kube/gatewaycommon/conversion.go GenerateGatewaySupportedKinds.
 */
export function supportedKinds(listener: Listener): { kinds: { group: string; kind: string }[]; valid: boolean } {
  const served = servedKinds(listener).map((kind) => ({ group: gatewayApiGroup, kind }));
  const named = listener.allowedRoutes?.kinds ?? [];
  if (named.length === 0) return { kinds: served, valid: true };
  const kinds = served.filter(({ kind }) =>
    named.some((one) => one.kind === kind && (one.group ?? gatewayApiGroup) === gatewayApiGroup),
  );
  return { kinds, valid: kinds.length === named.length };
}

/** Why a listener is not served, in the words of its conditions; null = it is. */
export interface ListenerProblem {
  reason: 'UnsupportedProtocol' | 'ProtocolConflict' | 'HostnameConflict';
  message: string;
}

/**
 * Of two listeners that cannot share a port the first is served. Listeners of requests and of TLS share one by their hostnames; TCP shares
 * with nobody. Source: pilot/pkg/config/kube/gatewaycommon/listener_conflict.go.
 */
export function listenerProblem(gateway: ParsedResource, listener: Listener): ListenerProblem | null {
  const served: Listener[] = [];
  for (const one of (gateway.spec as GatewayApiGatewaySpec).listeners ?? []) {
    const problem = problemBeside(one, served);
    if (one === listener || one.name === listener.name) return problem;
    if (problem === null) served.push(one);
  }
  return null;
}

/** Routes find no parent in a listener that lost its port to another. */
export function isConflicted(gateway: ParsedResource, listener: Listener): boolean {
  const problem = listenerProblem(gateway, listener);
  return problem !== null && problem.reason !== 'UnsupportedProtocol';
}

function problemBeside(listener: Listener, served: readonly Listener[]): ListenerProblem | null {
  const { protocol, port } = listener;
  if (!isServedProtocol(protocol)) {
    const message = `Protocol ${protocol} is not served: HTTP, HTTPS, TLS and TCP are`;
    return { reason: 'UnsupportedProtocol', message };
  }
  const first = served.find((other) => {
    if (other.port !== port) return false;
    return other.protocol === 'TCP' || protocol === 'TCP' || hostOf(other) === hostOf(listener);
  });
  if (!first) return null;
  const sameHost = first.protocol === protocol && protocol !== 'TCP';
  const reason = sameHost ? 'HostnameConflict' : 'ProtocolConflict';
  return { reason, message: `Listener ${first.name} has port ${port}${sameHost ? ' and this hostname' : ''} already` };
}

const hostOf = ({ hostname }: Listener): string => (hostname || '*').toLowerCase();

export function isServedProtocol(protocol: string): protocol is 'HTTP' | 'HTTPS' | 'TLS' | 'TCP' {
  return ['HTTP', 'HTTPS', 'TLS', 'TCP'].includes(protocol);
}

function servedKinds({ protocol, tls }: Listener): string[] {
  if (protocol === 'HTTP' || protocol === 'HTTPS') return ['HTTPRoute', 'GRPCRoute'];
  if (protocol === 'TCP') return ['TCPRoute'];
  if (protocol !== 'TLS') return [];
  return tls?.mode === 'Passthrough' ? ['TLSRoute'] : ['TLSRoute', 'TCPRoute'];
}

/** A route of a kind the listener takes, from the Gateway's own namespace unless told. */
export function admits(listener: Listener, gateway: ParsedResource, route: ParsedResource): boolean {
  const { namespaces } = listener.allowedRoutes ?? {};
  if (!supportedKinds(listener).kinds.some(({ kind }) => kind === route.kind)) return false;
  switch (namespaces?.from ?? 'Same') {
    case 'All':
      return true;
    case 'Same':
      return gateway.namespace === route.namespace;
    case 'Selector':
      return selectsNamespace(namespaces?.selector, route.namespace);
    default:
      return false;
  }
}

function selectsNamespace(
  selector:
    | { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: string; values?: string[] }[] }
    | undefined,
  namespace: string,
): boolean {
  const labels = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  return (
    labels.length + expressions.length > 0 &&
    labels.every(([key, value]) => key === nameLabel && value === namespace) &&
    expressions.every(({ key, operator, values = [] }) => {
      if (key !== nameLabel) return operator === 'NotIn' || operator === 'DoesNotExist';
      if (operator === 'In') return values.includes(namespace);
      return operator === 'NotIn' ? !values.includes(namespace) : operator === 'Exists';
    })
  );
}

export function meets(listener: Listener, route: ParsedResource): boolean {
  const own = (listener.hostname ?? '*').toLowerCase();
  const hostnames = (route.spec as GatewayApiRouteSpec).hostnames ?? [];
  return hostnames.length === 0 || hostnames.some((name) => coversHost(own, name) || coversHost(name, own));
}

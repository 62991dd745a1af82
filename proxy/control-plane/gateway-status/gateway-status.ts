import type { Condition, ResourceStatus } from '../../api/diagnostic.schema.ts';
import type { ParsedResource, ResourceSet } from '../../config/index.ts';
import type { GatewayApiGatewaySpec, GatewayApiRouteSpec } from '../../config/kinds/istio-types.ts';
import { listenerCertificate } from '../compile/gateway-api/certificates.ts';
import { clientValidation, hasInsecureFallback } from '../compile/gateway-api/client-validation.ts';
import {
  admits,
  isConflicted,
  isParent,
  type Listener,
  listenerProblem,
  meets,
  supportedKinds,
} from '../compile/gateway-api/listener-admission.ts';
import { conditionFalse, conditionOf, conditionTrue, type Problem } from './conditions.ts';
import { routeKinds } from './route-status.ts';

type ListenerStatus = NonNullable<ResourceStatus['listeners']>[number];

/** A Gateway is accepted while one of its listeners is valid. Source: pilot/pkg/config/kube/gateway/conversion.go buildListener, reportGatewayStatus. */
export function gatewayStatus(
  gateway: ParsedResource,
  set: ResourceSet,
): { conditions: Condition[]; listeners: ListenerStatus[] } {
  const routes = routeKinds.flatMap((kind) => set.list(kind)).map(({ resource }) => resource);
  const listeners = ((gateway.spec as GatewayApiGatewaySpec).listeners ?? []).map(
    (listener): ListenerStatus => ({
      name: listener.name,
      attachedRoutes: listenerProblem(gateway, listener)
        ? 0
        : routes.filter((route) => attaches(route, gateway, listener)).length,
      supportedKinds: supportedKinds(listener).kinds,
      conditions: listenerConditions(gateway, listener, set),
    }),
  );
  const unwell = listeners.filter(({ conditions }) =>
    conditions.some(({ type, status }) => status !== (type === 'Conflicted' ? 'False' : 'True')),
  );
  const insecure = hasInsecureFallback(gateway)
    ? [
        conditionTrue(
          'InsecureFrontendValidationMode',
          'AllowInsecureFallback: clients are taken with any certificate, or none',
          'ConfigurationChanged',
        ),
      ]
    : [];
  return { conditions: [acceptedGateway(listeners.length, unwell.length), conditionTrue('Programmed'), ...insecure], listeners };
}

function acceptedGateway(listeners: number, invalid: number): Condition {
  const reason = 'ListenersNotValid';
  if (invalid === 0) return conditionTrue('Accepted');
  if (invalid === listeners) return conditionFalse('Accepted', { reason, message: 'None of the Gateway’s listeners is valid' });
  return conditionTrue('Accepted', 'Some of the Gateway’s listeners are not valid', reason);
}

function listenerConditions(gateway: ParsedResource, listener: Listener, set: ResourceSet): Condition[] {
  const problem = listenerProblem(gateway, listener);
  const conflict = isConflicted(gateway, listener) ? problem : null;
  const certificate = listenerCertificate(set, gateway, listener).problem;
  const validation = clientValidation(set, gateway, listener);
  const untold: Problem | null = validation.kind === 'invalid' ? validation.problem : null;
  const kinds: Problem | null = supportedKinds(listener).valid
    ? null
    : { reason: 'InvalidRouteKinds', message: 'allowedRoutes names kinds of route this protocol cannot serve' };
  // A cluster's gateway would not listen; here TLS is served with a generated certificate, so that the rest can be tried.
  const programmed: Problem | null = certificate && {
    reason: 'Invalid',
    message: `${certificate.message}; a generated certificate serves here`,
  };
  return [
    conditionOf('Accepted', problem ?? (untold && { ...untold, reason: 'NoValidCACertificate' })),
    conditionOf('Programmed', conflict ?? invalid(problem ?? untold) ?? programmed),
    conflict
      ? conditionTrue('Conflicted', conflict.message, conflict.reason)
      : conditionFalse('Conflicted', { reason: 'NoConflicts', message: '' }),
    conditionOf('ResolvedRefs', kinds ?? certificate ?? untold),
  ];
}

const invalid = (problem: Problem | null): Problem | null => problem && { ...problem, reason: 'Invalid' };

function attaches(route: ParsedResource, gateway: ParsedResource, listener: Listener): boolean {
  const parents = (route.spec as GatewayApiRouteSpec).parentRefs ?? [];
  return (
    parents.some((parent) => isParent(parent, route, gateway, listener)) &&
    admits(listener, gateway, route) &&
    meets(listener, route)
  );
}

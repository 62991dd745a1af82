import { scenarioSchema } from '../../api/scenario.schema.ts';
import type { GatewayApiRouteSpec, VirtualServiceSpec } from '../kinds/istio-types.ts';
import type { LintContext } from './lint-context.ts';

/** Loads that would measure nothing but 404s: the ingress knows a service by another name than its callers in the mesh do. */
export function lintScenarios(context: LintContext): void {
  // With a Gateway its servers decide, by port too; without one the rule is simple.
  if (context.resources('Gateway').length > 0) return;
  const served = hostsAtTheIngress(context);
  for (const resource of context.resources('Scenario')) {
    const { spec } = scenarioSchema.parse(resource.document);
    for (const [i, load] of spec.load.entries()) {
      if (load.from !== undefined) continue;
      for (const [j, { url }] of load.requests.entries()) {
        const service = context.hosts.find(new URL(url).hostname, resource.namespace);
        if (service === null || served.has(service.fqdn)) continue;
        context.warn(
          resource,
          ['spec', 'load', i, 'requests', j, 'url'],
          'DD4053',
          `At the ingress nobody answers for ${service.name} by this name: every request gets 404.`,
          `From outside it is http://${service.name}.localhost/; or say who calls: from: {service: …}.`,
        );
      }
    }
  }
}

/** Services that a VirtualService or route names: those hosts the ingress serves as they are. */
function hostsAtTheIngress(context: LintContext): ReadonlySet<string> {
  const named = [
    ...context.set
      .list('VirtualService')
      .map(({ resource }) => ({ resource, hosts: (resource.spec as VirtualServiceSpec).hosts })),
    ...['HTTPRoute', 'GRPCRoute'].flatMap((kind) =>
      context.set.list(kind).map(({ resource }) => ({ resource, hosts: (resource.spec as GatewayApiRouteSpec).hostnames })),
    ),
  ];
  return new Set(named.flatMap((one) => (one.hosts ?? []).map((host) => context.hosts.resolve(host, one.resource.namespace))));
}

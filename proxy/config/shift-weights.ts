import { HostIndex, listServices } from './hosts.ts';
import type { DestinationRuleSpec, HttpRouteSpec, RouteDestinationSpec, VirtualServiceSpec } from './kinds/istio-types.ts';
import type { ResourceSet } from './resource-set.ts';

export interface WeightShift {
  service: string;
  namespace: string;
  /** Version → weight; versions not named get none. */
  weights: Readonly<Record<string, number>>;
}
export type ShiftOutcome = { ok: true; documents: unknown[] } | { ok: false; message: string };

/**
 * The service's VirtualServices with other weights. Changed are the rules that split: those with several destinations, and those for everybody
 * (without a match). A rule that sends some callers to one version stays. A version the rule does not name yet gets a destination.
 */
export function shiftWeights(set: ResourceSet, shift: WeightShift): ShiftOutcome {
  const hosts = new HostIndex(listServices(set));
  const service = hosts.find(shift.service, shift.namespace);
  if (!service) return { ok: false, message: `there is no service ${shift.namespace}/${shift.service}` };
  const versions = versionsOfSubsets(set, hosts, service.fqdn);
  const unknown = Object.keys(shift.weights).find((version) => ![...versions.values()].includes(version));
  if (unknown !== undefined)
    return { ok: false, message: `no subset of ${shift.service} in a DestinationRule has version ${unknown}` };
  const documents: unknown[] = [];
  for (const { resource } of set.ofGroup('VirtualService', 'networking.istio.io')) {
    const spec = resource.spec as VirtualServiceSpec;
    const isOurs = ({ destination }: RouteDestinationSpec) =>
      hosts.resolve(destination.host, resource.namespace) === service.fqdn;
    let changed = false;
    const http = (spec.http ?? []).map((rule) => {
      if (!splits(rule) || !rule.route?.every(isOurs)) return rule;
      changed = true;
      return { ...rule, route: withWeights(rule.route, versions, shift.weights) };
    });
    const { metadata } = resource;
    if (changed)
      documents.push({ ...resource.document, metadata: { ...metadata, namespace: resource.namespace }, spec: { ...spec, http } });
  }
  if (documents.length === 0) {
    return { ok: false, message: `no VirtualService splits traffic of ${shift.service}: there are no weights to shift` };
  }
  return { ok: true, documents };
}

function splits({ route, match }: HttpRouteSpec): boolean {
  return route !== undefined && route.length > 0 && (route.length > 1 || match === undefined);
}

function withWeights(
  route: readonly RouteDestinationSpec[],
  versions: ReadonlyMap<string, string>,
  weights: Readonly<Record<string, number>>,
): RouteDestinationSpec[] {
  const versionOf = ({ destination }: RouteDestinationSpec) => versions.get(destination.subset ?? '') ?? '';
  const shifted = route.map((one) => ({ ...one, weight: weights[versionOf(one)] ?? 0 }));
  const first = route[0]!;
  for (const [version, weight] of Object.entries(weights)) {
    if (route.some((one) => versionOf(one) === version)) continue;
    const subset = [...versions].find(([, known]) => known === version)?.[0] ?? version;
    shifted.push({ destination: { ...first.destination, subset }, weight });
  }
  return shifted;
}

/** Subset name → version, of every DestinationRule for the host. */
function versionsOfSubsets(set: ResourceSet, hosts: HostIndex, fqdn: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { resource } of set.list('DestinationRule')) {
    const spec = resource.spec as DestinationRuleSpec;
    if (hosts.resolve(spec.host, resource.namespace) !== fqdn) continue;
    for (const subset of spec.subsets ?? []) {
      const version = subset.labels?.version;
      if (version !== undefined) versions.set(subset.name, version);
    }
  }
  return versions;
}

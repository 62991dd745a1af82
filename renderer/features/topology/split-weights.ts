import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';

/** The rule that splits the traffic of one host, and its weights in the order of its destinations. */
export interface WeightRule {
  resource: Pick<Resource, 'kind' | 'namespace' | 'name' | 'yaml' | 'source'>;
  /** Index in spec.http (VirtualService) or spec.rules (HTTPRoute). */
  rule: number;
  destinations: { label: string; weight: number }[];
}

type Named = { name?: string; host?: string; subset?: string };
interface RouteSpec {
  hosts?: string[];
  http?: { match?: unknown[]; route?: { destination?: Named; weight?: number }[] }[];
}

/**
 * The VirtualService rule whose weights split `service`: its last rule with several destinations of that host, which is the one without a
 * match where there is one. null when no VirtualService gives the split.
 */
export function findWeightRule(resources: readonly Resource[], service: { name: string; namespace: string }): WeightRule | null {
  const isService = (host: string | undefined, namespace: string) =>
    host === `${service.name}.${service.namespace}.svc.cluster.local` ||
    host === `${service.name}.${service.namespace}` ||
    (host === service.name && namespace === service.namespace);
  for (const resource of resources) {
    const { http = [] } = (resource.spec ?? {}) as RouteSpec;
    const candidates = http.flatMap(({ match, route = [] }, rule) =>
      route.length > 1 && route.every(({ destination }) => isService(destination?.host, resource.namespace))
        ? [{ rule, route, always: !match?.length }]
        : [],
    );
    const chosen = candidates.find(({ always }) => always) ?? candidates.at(-1);
    if (!chosen) continue;
    const destinations = chosen.route.map(({ destination, weight }, index) => ({
      label: destination?.subset ?? `destination ${index + 1}`,
      weight: weight ?? 0,
    }));
    return { resource, rule: chosen.rule, destinations };
  }
  return null;
}

/** The resource's own text with other weights; comments and order stay. Throws when the text no longer has that rule. */
export function writeWeights(rule: WeightRule, weights: readonly number[]): string {
  const document = parseDocument(rule.resource.yaml);
  const route = document.getIn(['spec', 'http', rule.rule, 'route']);
  if (!isSeq(route) || route.items.length !== weights.length)
    throw new Error(`${rule.resource.kind} ${rule.resource.name} has changed meanwhile.`);
  const places = route.items.map((item) => {
    const weight: unknown = isMap(item) ? item.get('weight', true) : null;
    return isScalar(weight) ? (weight.range ?? null) : null;
  });
  if (places.every((place) => place !== null)) {
    // Every weight is written out: only those numbers change.
    let text = rule.resource.yaml;
    for (const [index, place] of [...places.entries()].reverse())
      text = text.slice(0, place[0]) + String(weights[index]) + text.slice(place[1]);
    return text;
  }
  route.items.forEach((item, index) => {
    if (isMap(item)) item.set('weight', weights[index]);
  });
  return document.toString({ lineWidth: 0 });
}

/**
 * One weight set to `value`; the others keep their proportions and make up the rest to 100. Whole numbers; what rounding leaves goes to
 * the largest of the others.
 */
export function rebalance(weights: readonly number[], index: number, value: number): number[] {
  const set = Math.max(0, Math.min(100, Math.round(value)));
  const others = weights.reduce((sum, weight, at) => (at === index ? sum : sum + weight), 0);
  const rest = 100 - set;
  const next = weights.map((weight, at) =>
    at === index ? set : Math.floor(others > 0 ? (weight / others) * rest : rest / (weights.length - 1)),
  );
  const missing = 100 - next.reduce((sum, weight) => sum + weight, 0);
  let largest = index === 0 ? 1 : 0;
  next.forEach((weight, at) => {
    if (at !== index && weight > (next[largest] ?? 0)) largest = at;
  });
  if (next[largest] !== undefined) next[largest] = (next[largest] ?? 0) + missing;
  return next;
}

/** Weights as shares of 100, whatever they add up to. */
export function toPercent(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum > 0 ? weights.map((weight) => Math.round((weight / sum) * 100)) : weights.map(() => 0);
}

import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { type DocumentPlace, isSameObject } from './documents.ts';
import { isCallersReport, shortHost } from './object-activity.ts';

/** An object that applying a text would change or add. */
export interface ChangedObject {
  kind: string;
  namespace: string;
  name: string;
  how: 'changed' | 'new';
  /** As it would be, and as it is. */
  specs: readonly unknown[];
}

/** The objects that a text would change or add, held against the text that runs; `all` tells what runs from other files. */
export function changedObjects(
  places: readonly DocumentPlace[],
  running: readonly DocumentPlace[],
  all: readonly Resource[],
): ChangedObject[] {
  return places.flatMap((place): ChangedObject[] => {
    const { kind, name, namespace, spec } = place;
    const before = running.find((one) => one.kind === kind && one.name === name && one.namespace === namespace);
    const resource = all.find((one) => isSameObject(place, one));
    const known = before ?? resource;
    if (!known) return [{ kind, name, namespace: namespace || 'default', how: 'new', specs: [spec] }];
    if (sameValue(spec, known.spec)) return [];
    return [
      { kind, name, namespace: resource?.namespace ?? (namespace || 'default'), how: 'changed', specs: [spec, known.spec] },
    ];
  });
}

const sameValue = (one: unknown, two: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(two ?? null);

export interface Affected {
  /** Requests of the last minute that go where a changed object acts, of all there were. */
  count: number;
  total: number;
  /** Opens them; '' where it is all of them. */
  filter: string;
}

/** Whom a change concerns, counted from the traffic: not what will become of it, but how much of it passes there. */
export function affectedBy(
  changed: readonly Pick<ChangedObject, 'kind' | 'namespace' | 'specs'>[],
  exchanges: readonly Exchange[],
): Affected {
  const calls = exchanges.filter(isCallersReport);
  const targets = changed.flatMap(({ kind, namespace, specs }) => specs.map((spec) => targetsOf(kind, namespace, spec)));
  if (targets.includes('all')) return { count: calls.length, total: calls.length, filter: '' };
  const hosts = new Set(targets.flat());
  const count = calls.filter(({ destination, destinationNamespace }) =>
    hosts.has(`${destinationNamespace}/${destination}`),
  ).length;
  return { count, total: calls.length, filter: `dest:${[...hosts].map((host) => host.split('/')[1]).join(',')}` };
}

/** `namespace/service` of everybody an object can act on; `all` where that cannot be told from it. */
function targetsOf(kind: string, namespace: string, spec: unknown): string[] | 'all' {
  const { hosts, host, to, selector } = (spec ?? {}) as {
    hosts?: unknown;
    host?: unknown;
    to?: { service?: unknown };
    selector?: { matchLabels?: { app?: unknown } };
  };
  if (kind === 'VirtualService' && Array.isArray(hosts) && !hosts.some((one) => String(one).includes('*')))
    return hosts.map((one) => shortHost(String(one), namespace));
  if (kind === 'DestinationRule' && typeof host === 'string' && !host.includes('*')) return [shortHost(host, namespace)];
  if (kind === 'Fault' && typeof to?.service === 'string') return [shortHost(to.service, namespace)];
  if (typeof selector?.matchLabels?.app === 'string') return [`${namespace}/${selector.matchLabels.app}`];
  return 'all';
}

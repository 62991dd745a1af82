import { nearest } from '../../shared/nearest.ts';
import { kinds } from './registry.ts';

/** As kubectl has them, from the definitions of Istio and the Gateway API. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ['vs', 'VirtualService'],
  ['dr', 'DestinationRule'],
  ['gw', 'Gateway'],
  ['gtw', 'Gateway'],
  ['se', 'ServiceEntry'],
  ['we', 'WorkloadEntry'],
  ['pa', 'PeerAuthentication'],
  ['ap', 'AuthorizationPolicy'],
  ['ra', 'RequestAuthentication'],
  ['refgrant', 'ReferenceGrant'],
  ['btlspolicy', 'BackendTLSPolicy'],
  ['cm', 'ConfigMap'],
]);

const names: ReadonlyMap<string, string> = new Map([
  ...kinds.flatMap(({ kind }) => [kind.toLowerCase(), pluralOf(kind.toLowerCase())].map((name) => [name, kind] as const)),
  ...shortNames,
]);

/** The kind that is meant by its name in any case, its plural, or kubectl's short name: `vs`. Null when there is none. */
export function kindNamed(word: string): string | null {
  return names.get(word.toLowerCase()) ?? null;
}

/** `There is no kind VirtualServce; did you mean VirtualService?` */
export function noSuchKind(word: string): string {
  const close = nearest(word, new Set(names.values()));
  return `There is no kind ${word}${close === null ? '' : `; did you mean ${close}?`}`;
}

function pluralOf(name: string): string {
  if (name.endsWith('y')) return `${name.slice(0, -1)}ies`;
  return /(s|sh|ch|x)$/.test(name) ? `${name}es` : `${name}s`;
}

import type { Span } from '../../api/observability.schema.ts';
import type { InferredKind } from './span-edges.ts';

/** Whom a CLIENT or PRODUCER span says it spoke to. */
export interface Peer {
  name: string;
  kind: InferredKind;
}

const maxNameLength = 80;

/**
 * By the attributes of OpenTelemetry's conventions, the present names and those before them: a database by its name and system, a queue by its
 * destination, anything else by its service or host. Null when the span does not say.
 * https://opentelemetry.io/docs/specs/semconv/registry/attributes/
 */
export function describePeer({ attributes, kind }: Span): Peer | null {
  const first = (...names: string[]): string => {
    for (const name of names) if (attributes[name] !== undefined && attributes[name] !== '') return String(attributes[name]);
    return '';
  };
  const of = (name: string, peerKind: InferredKind): Peer | null =>
    name === '' ? null : { name: name.slice(0, maxNameLength), kind: peerKind };
  const database = first('db.system.name', 'db.system');
  if (kind === 'client' && (database !== '' || first('db.namespace', 'db.name') !== ''))
    return of(named(first('db.namespace', 'db.name'), database), 'database');
  if (kind === 'producer')
    return of(named(first('messaging.destination.name', 'messaging.destination'), first('messaging.system')), 'messaging');
  const service = first('service.peer.name', 'peer.service');
  return of(service || first('server.address', 'net.peer.name') || hostOf(first('url.full', 'http.url')), 'call');
}

/** `orders (postgresql)`, or `redis` where there is no name. Numbered databases, as Redis has them, are no names. */
const named = (name: string, system: string): string =>
  name === '' || /^\d+$/.test(name) ? system : system === '' ? name : `${name} (${system})`;

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

import { isIP } from 'node:net';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';

/** Where calls to one service go instead: `reviews=v2`, `reviews=http://127.0.0.1:9999`. */
export type ReplayTarget =
  | { service: string; kind: 'version'; version: string }
  | { service: string; kind: 'address'; scheme: 'http' | 'https'; host: string; port: number; authority: string };

/** null for none; a sentence for what is not understood. */
export function parseTarget(to: string | undefined): ReplayTarget | null | string {
  if (to === undefined || to === '') return null;
  const [, service = '', where = ''] = /^([^=\s]+)=(\S+)$/.exec(to) ?? [];
  if (service === '')
    return `"${to}" does not name a version or an address; write service=version or service=URL, e.g. reviews=v2`;
  if (!where.includes('://')) return { service, kind: 'version', version: where };
  const url = URL.canParse(where) ? new URL(where) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return `"${where}" is no http:// or https:// address`;
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '')
    return `"${where}" has a path; calls keep their own, so name host and port only`;
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (scheme === 'http' ? 80 : 443) : Number(url.port);
  return { service, kind: 'address', scheme, host, port, authority: url.host };
}

/** By its name or number alone: what a resolver says may change. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith('127.');
  if (isIP(bare) === 6) return bare === '::1' || bare.startsWith('::ffff:127.');
  return bare === 'localhost' || bare.endsWith('.localhost');
}

type RoutedCall = Pick<ExchangeDetail, 'reporter' | 'destinationWorkload' | 'authority' | 'endpoint' | 'cluster'>;

/**
 * The host off this machine that a recorded call would go to; null when it stays in the mesh or on loopback. `leaves` knows where a host leads
 * by the configuration now in force; without it, it is where the recorded call went.
 */
export function remoteHostOf(root: RoutedCall, leaves?: (host: string) => boolean): string | null {
  // A call that a destination reported on its own is sent through the ingress, which routes it again.
  if (root.reporter === 'destination' || root.cluster === '') return null;
  const service = /^outbound\|\d+\|[^|]*\|(.+)$/.exec(root.cluster)?.[1];
  const host = service ?? hostOf(root.authority);
  if (leaves !== undefined) return leaves(host) ? host : null;
  if (root.destinationWorkload !== '' || isLoopbackHost(host) || isLoopbackHost(hostOf(root.endpoint))) return null;
  // Nothing was reached: no endpoint could be picked.
  return root.endpoint === '' ? null : host;
}

function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
}

/** What has to be confirmed and was not, as a sentence; '' when all is well. */
export function unconfirmed(hosts: readonly string[], confirmed: readonly string[]): string {
  const wanted = [...new Set(hosts)].filter((host) => !confirmed.some((name) => name.toLowerCase() === host.toLowerCase()));
  if (wanted.length === 0) return '';
  const [first] = wanted;
  return (
    `This would send recorded requests, writes among them, to ${wanted.slice(0, 5).join(', ')}, which ${wanted.length === 1 ? 'is' : 'are'} not on this machine. ` +
    `Confirm with --allow-remote ${first} (API: confirmRemote: ["${first}"])`
  );
}

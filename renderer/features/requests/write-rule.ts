import { type Document, isCollection, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { matchOf, toRule } from './yaml-match.ts';

type Like = Pick<ExchangeDetail, 'method' | 'path' | 'destination' | 'destinationNamespace' | 'decision'>;
type Written = Pick<Resource, 'kind' | 'namespace' | 'name' | 'yaml' | 'spec'>;

/**
 * A rule for requests like this one: in front of the others in the VirtualService that its host has, doing what the rule that matched does, so
 * that nothing changes until somebody writes what shall. A host that has none gets a VirtualService of its own.
 */
export function writeRule(request: Like, resources: readonly Written[]): string {
  const virtualServices = resources.filter(({ kind }) => kind === 'VirtualService');
  const written = virtualServices.find((one) => isOf(one, request)) ?? virtualServices.find((one) => isFor(one, request));
  if (written) {
    const document = parseDocument(written.yaml);
    const http: unknown = document.getIn(['spec', 'http']);
    if (isSeq(http)) {
      http.items.unshift(ruleLike(document, http.items[indexOf(request, written)], request));
      // Written on one line, a rule more could not be read.
      for (const node of [document.contents, document.get('spec'), http, ...http.items])
        if (isCollection(node)) node.flow = false;
      return document.toString({ lineWidth: 0 });
    }
  }
  const { destination, destinationNamespace } = request;
  const taken = virtualServices.some(({ name, namespace }) => name === destination && namespace === destinationNamespace);
  return toRule(request, taken ? `${destination}-requests` : destination);
}

/** The one whose rule matched. */
function isOf({ kind, namespace, name }: Written, { decision }: Like): boolean {
  const rule = decision?.rule;
  return rule?.kind === kind && rule.namespace === namespace && rule.name === name;
}

function isFor({ spec, namespace }: Written, { destination, destinationNamespace: of }: Like): boolean {
  const { hosts = [], gateways } = (spec ?? {}) as { hosts?: string[]; gateways?: string[] };
  if (gateways && !gateways.includes('mesh')) return false;
  const full = `${destination}.${of}.svc.cluster.local`;
  return hosts.some((host) => host === full || host === `${destination}.${of}` || (host === destination && namespace === of));
}

/** Of `spec.http[2]` the 2; the last rule, which usually is for all others, where it is not known. */
function indexOf(request: Like, written: Written): number {
  const path = isOf(written, request) ? /http\[(\d+)\]/.exec(request.decision?.rule?.path ?? '')?.[1] : undefined;
  const { http = [] } = (written.spec ?? {}) as { http?: unknown[] };
  return path === undefined ? http.length - 1 : Number(path);
}

function ruleLike(document: Document, like: unknown, request: Like): YAMLMap {
  const { destination } = request;
  const rest = isMap(like) ? (like.toJSON() as Record<string, unknown>) : { route: [{ destination: { host: destination } }] };
  const { name: _name, match: _match, ...does } = rest;
  return document.createNode({ name: 'like-this-request', match: [matchOf(request)], ...does }) as YAMLMap;
}

import type { Apps } from './apps.ts';
import type { AppName, Document, Group } from './case.ts';

const versions: Record<AppName, string> = { a: 'v1', b: 'v2', c: 'v3', dead: 'v0', tls: 'v4', mtls: 'v5' };

/** Service port of every host. */
export const casePort = 8000;

export const hostOf = (group: Group): string => group.host ?? `${group.id}.case`;

/** The objects of one group: a ServiceEntry whose endpoints are the apps themselves, and what the group configures for it. */
export function groupDocuments(group: Group, { ports, certificates }: Pick<Apps, 'ports' | 'certificates'>): Document[] {
  const host = hostOf(group);
  const documents: Document[] = [
    networking('ServiceEntry', group.id, {
      hosts: [host],
      location: 'MESH_EXTERNAL',
      resolution: group.dns?.resolution ?? 'STATIC',
      ports: [{ number: casePort, name: 'http', protocol: 'HTTP' }],
      endpoints: (group.endpoints ?? ['a']).map((app) => ({
        address: group.dns?.address ?? '127.0.0.1',
        ports: { http: ports[app] },
        labels: { version: versions[app] },
        ...(group.localities?.[app] ? { locality: group.localities[app] } : {}),
        ...(group.weights?.[app] ? { weight: group.weights[app] } : {}),
      })),
    }),
  ];
  if (group.http) documents.push(networking('VirtualService', group.id, { hosts: [host], http: group.http }));
  if (group.trafficPolicy || group.subsets) {
    documents.push(
      networking('DestinationRule', group.id, {
        host,
        ...(group.trafficPolicy ? { trafficPolicy: group.trafficPolicy } : {}),
        ...(group.subsets ? { subsets: group.subsets } : {}),
      }),
    );
  }
  documents.push(...(group.documents ?? []));
  return substitute(documents, host, certificates);
}

/** `reviews`-like caller plus everything the groups need, as one YAML text (JSON documents are YAML). */
export function meshText(spec: Document, documents: readonly Document[]): string {
  const mesh = { apiVersion: 'drydock.dev/v1', kind: 'Mesh', metadata: { name: 'conformance' }, spec };
  return [mesh, ...documents].map((document) => JSON.stringify(document)).join('\n---\n');
}

function networking(kind: string, name: string, spec: Document): Document {
  return { apiVersion: 'networking.istio.io/v1', kind, metadata: { name, namespace: 'default' }, spec };
}

function substitute<T>(value: T, host: string, certificates: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll('$HOST', host).replaceAll('$CERTS', certificates)) as T;
}

/** Subsets v1, v2, v3 by the apps' labels. */
export const versionSubsets = (...names: string[]): Document[] => names.map((name) => ({ name, labels: { version: name } }));
/** Route to the group's own host. */
export const toHost = (subset?: string, more: Document = {}): Document => ({
  destination: { host: '$HOST', ...(subset ? { subset } : {}) },
  ...more,
});

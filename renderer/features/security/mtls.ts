import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Graph, GraphEdge } from '../../../proxy/api/observability.schema.ts';
import type { TimeWindow } from '../../app/preferences.ts';

export type Mode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';
/** Istio's root namespace: a PeerAuthentication without a selector there is in force for the whole mesh. */
export const rootNamespace = 'istio-system';

interface PeerSpec {
  selector?: { matchLabels?: Record<string, string> };
  mtls?: { mode?: string };
}
const specOf = (resource: Resource) => (resource.spec ?? {}) as PeerSpec;
export const selectorOf = (resource: Resource): Record<string, string> => specOf(resource).selector?.matchLabels ?? {};
const isWide = (resource: Resource) => Object.keys(selectorOf(resource)).length === 0;

/** The PeerAuthentication in force for the whole mesh: of several the oldest counts, and the engine lists the oldest first. */
export function meshWide(resources: readonly Resource[]): Resource | null {
  return resources.find((one) => one.kind === 'PeerAuthentication' && one.namespace === rootNamespace && isWide(one)) ?? null;
}

export function modeOf(resource: Resource | null): Mode {
  const mode = resource ? specOf(resource).mtls?.mode : undefined;
  return mode === 'STRICT' || mode === 'DISABLE' ? mode : 'PERMISSIVE';
}

/** PeerAuthentications that are narrower than the mesh and may say otherwise. */
export function narrower(resources: readonly Resource[]): Resource[] {
  return resources.filter((one) => one.kind === 'PeerAuthentication' && !(one.namespace === rootNamespace && isWide(one)));
}

export interface MtlsSummary {
  /** Edges that carried requests in the window. */
  edges: number;
  /** Of these, the ones where every request was mutual TLS. */
  secure: number;
  plain: readonly { edge: GraphEdge; requests: number }[];
  requests: number;
  plainRequests: number;
}

/** Calls into the mesh, those that STRICT would refuse first, then by name: rows keep their places while counts move. */
export function callsInto(graph: Graph | null): GraphEdge[] {
  const inside = new Set((graph?.nodes ?? []).filter(({ kind }) => kind === 'service').map(({ id }) => id));
  return (graph?.edges ?? [])
    .filter((edge) => edge.count > 0 && inside.has(edge.to))
    .sort(
      (a, b) => Number(a.mtlsShare >= 1) - Number(b.mtlsShare >= 1) || a.from.localeCompare(b.from) || a.to.localeCompare(b.to),
    );
}

/** What STRICT would refuse, counted from the window's traffic. Calls that leave the mesh are not its to refuse. */
export function summariseMtls(graph: Graph | null): MtlsSummary {
  const edges = callsInto(graph);
  const plain = edges
    .map((edge) => ({ edge, requests: Math.round(edge.count * (1 - edge.mtlsShare)) }))
    .filter(({ edge }) => edge.mtlsShare < 1);
  return {
    edges: edges.length,
    secure: edges.length - plain.length,
    plain,
    requests: edges.reduce((sum, { count }) => sum + count, 0),
    plainRequests: plain.reduce((sum, { requests }) => sum + requests, 0),
  };
}

/** The mesh-wide PeerAuthentication with this mode; it takes the place of the one there is. */
export function peerAuthentication(mode: Mode, current: Resource | null): string {
  return `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: ${current?.name ?? 'default'}
  namespace: ${rootNamespace}
spec:
  mtls:
    mode: ${mode}
`;
}

/** `the last 5m`, `this run` */
export const sinceWords = (window: TimeWindow): string => (window === 'run' ? 'this run' : `the last ${window}`);

export const shortId = (id: string): string => id.split('/').at(-1) ?? id;

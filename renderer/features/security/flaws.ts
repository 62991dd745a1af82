import type { Graph, GraphEdge } from '../../../proxy/api/observability.schema.ts';
import type { Certificate } from '../../../proxy/api/status.schema.ts';

export type Flaw = NonNullable<Certificate['flaw']>;

/** What a certificate can be made on purpose: the button, what it then is, and who notices. */
export const flaws: Record<Flaw, { action: string; words: string; effect: string }> = {
  expired: {
    action: 'Expire now',
    words: 'expired',
    effect:
      'Both ends of every mutual TLS call check the dates: calls from this workload and to it fail in the handshake (UF, 503).',
  },
  'wrong-name': {
    action: 'Wrong SAN',
    words: 'of another workload',
    effect:
      'It says to be somebody else. Callers that expect this service refuse it, and policies that ask who calls see the wrong name.',
  },
  untrusted: {
    action: 'Unknown authority',
    words: 'of an authority nobody knows',
    effect: 'Nobody trusts who signed it: calls from this workload and to it fail in the handshake (UF, 503).',
  },
};

export interface CertificateUse {
  edges: readonly GraphEdge[];
  /** In the graph's window, over mutual TLS. */
  requests: number;
}

/** The calls that a service's certificate took part in, on either side. */
export function usesOf(service: string, graph: Pick<Graph, 'edges'> | null): CertificateUse {
  const isOf = (id: string) => (id.split('/').at(-1) ?? id) === service;
  const edges = (graph?.edges ?? []).filter((edge) => edge.count > 0 && edge.mtlsShare > 0 && (isOf(edge.from) || isOf(edge.to)));
  return { edges, requests: edges.reduce((sum, edge) => sum + Math.round(edge.count * edge.mtlsShare), 0) };
}

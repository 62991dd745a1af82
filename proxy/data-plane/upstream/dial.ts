import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AppliedFault } from '../../api/exchange.schema.ts';
import type { Clock } from '../clock.ts';
import type { IdentityMaterial } from '../messages.ts';
import type { ClusterSnapshot, EndpointSnapshot } from '../snapshot.ts';
import { ClientContexts, type DialResult, type DialTls, dial } from './connect.ts';
import { DirectReads } from './direct-reads.ts';
import { Http1UpstreamConnection } from './http1-connection.ts';
import { Http2UpstreamConnection } from './http2-connection.ts';
import { PassthroughCarrier } from './passthrough.ts';
import type { Dial, DialRequest, UpstreamProtocol } from './pool.ts';
import type { ProxyProtocolEnds } from './proxy-protocol.ts';

export interface DialDeps {
  clock: Clock;
  identityOf: (proxyId: string) => IdentityMaterial | undefined;
  trustDomain: () => string;
  forbidden: () => ReadonlySet<string>;
  /** Puts toxics on the bytes of a new connection; null: it is refused. */
  disturb?: (request: DialRequest, socket: Duplex) => { stream: Duplex; met: AppliedFault[] } | null;
}

/** Longest a connect may take when the pool's own timer did not end it first. */
const BACKSTOP_MS = 600_000;

/** Opens raw byte streams for opaque services, with the cluster's TLS. */
export function createTcpDial(deps: DialDeps) {
  const contexts = new ClientContexts();
  return (proxyId: string, cluster: ClusterSnapshot, endpoint: TcpEndpoint, downstream: ProxyProtocolEnds): Promise<DialResult> =>
    dial({
      host: endpoint.host,
      port: endpoint.port,
      timeoutMs: cluster.connectTimeoutMs,
      clock: deps.clock,
      forbidden: deps.forbidden(),
      // Opaque bytes name no host to take for the server name.
      tls: tlsFor(cluster, endpoint, '', deps.identityOf(proxyId), {
        contexts,
        trustDomain: deps.trustDomain(),
        alpn: ['istio'],
      }),
      ...(cluster.tcpKeepalive ? { keepalive: cluster.keepalive ?? {} } : {}),
      ...(cluster.proxyProtocol === null ? {} : { proxyProtocol: { version: cluster.proxyProtocol, downstream } }),
    });
}

type TcpEndpoint = Pick<EndpointSnapshot, 'host' | 'port' | 'workload' | 'spiffeId'>;

/** Opens upstream connections: TCP, TLS as the cluster says, then the codec for the protocol. */
export function createDial(deps: DialDeps): Dial {
  const contexts = new ClientContexts();
  let carrier: PassthroughCarrier | null = null;
  const reads = new DirectReads();
  return (request, callbacks) => {
    const { cluster, endpoint, protocol } = request;
    const abort = new AbortController();
    const tls = tlsFor(cluster, endpoint, request.authority, deps.identityOf(request.proxyId), {
      contexts,
      trustDomain: deps.trustDomain(),
      alpn: alpnFor(cluster, endpoint, protocol),
    });
    const directly = tls === null && protocol === 'HTTP/1.1' && cluster.discovery !== 'original';
    void dial({
      ...(directly ? { directReads: reads } : {}),
      host: request.host,
      port: request.port,
      timeoutMs: BACKSTOP_MS,
      clock: deps.clock,
      forbidden: deps.forbidden(),
      tls,
      ...(cluster.tcpKeepalive ? { keepalive: cluster.keepalive ?? {} } : {}),
      ...(cluster.proxyProtocol === null ? {} : { proxyProtocol: { version: cluster.proxyProtocol, downstream: null } }),
      signal: abort.signal,
    }).then((result) => {
      if (!result.ok) {
        callbacks.onFailed(result.reset);
        return;
      }
      const disturbed = deps.disturb?.(request, result.socket) ?? (deps.disturb ? null : { stream: result.socket, met: [] });
      if (disturbed === null) {
        callbacks.onFailed({ kind: 'connect-failure', phase: 'connect', nothingSent: true, detail: 'Connection refused' });
        return;
      }
      const { stream, met: faults } = disturbed;
      const http2 = result.alpn === '' ? protocol === 'HTTP/2' : result.alpn === 'h2' || result.alpn === 'istio-h2';
      const { maxConcurrentStreams } = cluster;
      const streams = maxConcurrentStreams === null ? {} : { maxConcurrentStreams };
      if (http2) callbacks.onConnected(Object.assign(new Http2UpstreamConnection(stream, streams), { faults }));
      else if (cluster.discovery === 'original') {
        carrier ??= new PassthroughCarrier();
        // Hosts outside the mesh have no fault: it is the socket as it was dialled.
        callbacks.onConnected(new Http1UpstreamConnection(carrier.carry(stream as Socket)));
      } else {
        const direct = directly && stream === result.socket ? reads : null;
        callbacks.onConnected(Object.assign(new Http1UpstreamConnection(stream, undefined, direct), { faults }));
      }
    });
    return { cancel: () => abort.abort() };
  };
}

/** TLS towards one endpoint, or null for plaintext. Auto mTLS: only endpoints with a sidecar get Istio's mutual TLS. */
function tlsFor(
  cluster: ClusterSnapshot,
  endpoint: Pick<EndpointSnapshot, 'workload' | 'spiffeId'>,
  authority: string,
  identity: IdentityMaterial | undefined,
  options: { contexts: ClientContexts; trustDomain: string; alpn: string[] },
): DialTls | null {
  const { tls } = cluster;
  const { contexts, trustDomain, alpn } = options;
  if (tls.mode === 'disable') return null;
  if (tls.mode === 'mutual') {
    if (tls.auto && endpoint.workload === '') return null;
    // Without its own certificate a proxy could only speak plaintext to a peer that expects mutual TLS: fail the handshake instead.
    if (identity === undefined) return { sni: tls.sni, alpn, trustDomain, expectedSpiffeIds: [endpoint.spiffeId] };
    const expected = tls.subjectAltNames.length > 0 ? tls.subjectAltNames : endpoint.spiffeId === '' ? [] : [endpoint.spiffeId];
    return {
      identity,
      contexts,
      sni: tls.sni,
      alpn,
      trustDomain,
      ...(expected.length > 0 ? { expectedSpiffeIds: expected } : {}),
    };
  }
  return {
    sni: tls.sni === '' ? authority : tls.sni,
    caPem: tls.caPem,
    certificatePem: tls.certificatePem,
    privateKeyPem: tls.privateKeyPem,
    subjectAltNames: tls.subjectAltNames,
    ...(tls.verifyHost === undefined ? {} : { verifyHost: tls.verifyHost }),
    insecureSkipVerify: tls.insecureSkipVerify,
    ...(tls.caMissing ? { caMissing: true } : {}),
    alpn,
  };
}

function alpnFor(cluster: ClusterSnapshot, endpoint: EndpointSnapshot, protocol: UpstreamProtocol): string[] {
  const istio = cluster.tls.mode === 'mutual' && endpoint.workload !== '';
  if (protocol === 'HTTP/2') return istio ? ['istio-h2', 'istio', 'h2'] : ['h2'];
  return istio ? ['istio-http/1.1', 'istio', 'http/1.1'] : ['http/1.1'];
}

import type { Duplex } from 'node:stream';
import type { Clock } from './clock.ts';
import type { DetectedProtocol } from './listener/accept.ts';
import { Http1Downstream } from './listener/http1.ts';
import type { ConnectRequest } from './listener/http1-options.ts';
import { Http2Downstream } from './listener/http2.ts';
import { createPeerProbe } from './listener/peer-state.ts';
import { Sweeper } from './listener/sweeper.ts';
import { pathOfPort, pathOfRequest } from './listener-path.ts';
import type { PreparedListener } from './prepare.ts';
import { type RequestPathDeps, runExchange } from './request-path.ts';
import type { InboundPort, ProxySnapshot } from './snapshot.ts';
import type { ConnectionInfo } from './stream.ts';
import type { TcpDeps } from './tcp-path.ts';

/** How often clients that are held back are asked about: two sidecars in a row notice within a second. */
const HELD_CLIENT_TICK_MS = 250;

export interface CodecsDeps {
  clock: Clock;
  /** The listener as the newest snapshot has it. */
  prepared: (key: string) => PreparedListener | undefined;
  request: RequestPathDeps;
  tcp: Pick<TcpDeps, 'faults'>;
  onConnect: (key: string, request: ConnectRequest, info: ConnectionInfo) => void;
}

type Codec = Http1Downstream | Http2Downstream;

/** Connections that speak HTTP, by listener: each has a codec that hands its requests to the request path. */
export class Codecs {
  readonly #deps: CodecsDeps;
  readonly #sweeper: Sweeper;
  readonly #heldSweeper: Sweeper;
  readonly #probePeer = createPeerProbe();
  readonly #codecs = new Map<string, Set<Codec>>();

  constructor(deps: CodecsDeps) {
    this.#deps = deps;
    this.#sweeper = new Sweeper(deps.clock);
    this.#heldSweeper = new Sweeper(deps.clock, HELD_CLIENT_TICK_MS);
  }

  /** `server`: the one of a gateway's that ended TLS. */
  serve(key: string, protocol: DetectedProtocol, accepted: Duplex, known: ConnectionInfo, server = ''): void {
    if (protocol === 'closed' || protocol === 'tls' || protocol === 'silent') {
      accepted.destroy();
      return;
    }
    const { prepared } = this.#deps;
    const role = prepared(key)?.listener.role;
    const disturbed = role === 'inbound' ? this.#disturb(key, accepted, known) : { socket: accepted, info: known };
    if (disturbed === null) return;
    const { socket, info } = disturbed;
    const onClose = (): void => {
      this.#codecs.get(key)?.delete(codec);
    };
    const onRequest = (request: Parameters<typeof runExchange>[0]): void => {
      const path = pathOfRequest(prepared(key), info, request.authority, server);
      if (path === undefined) request.reset();
      else void runExchange(request, path, this.#deps.request);
    };
    const codec: Codec =
      protocol === 'http2'
        ? new Http2Downstream(socket, { info, scheme: info.tls ? 'https' : 'http', onRequest, onClose })
        : new Http1Downstream(socket, {
            info,
            scheme: info.tls && role === 'gateway' ? 'https' : 'http',
            sweeper: this.#sweeper,
            heldSweeper: this.#heldSweeper,
            probePeer: this.#probePeer,
            httpDate: this.#deps.request.httpDate,
            serverName: role === 'inbound' || role === 'gateway' ? 'istio-envoy' : 'envoy',
            onRequest,
            onConnect: role === 'outbound' ? (request) => this.#deps.onConnect(key, request, info) : null,
            onProtocolError: () => undefined,
            onClose,
          });
    this.#add(key, codec);
  }

  /** Connections of a listener end after the request in progress. */
  drainListener(key: string): void {
    for (const codec of this.#codecs.get(key) ?? []) codec.drain();
  }

  /** So do connections to these workloads; what comes next opens new ones. */
  renew(concerned: (proxy: ProxySnapshot, port: InboundPort) => boolean): void {
    for (const key of this.#codecs.keys()) {
      const prepared = this.#deps.prepared(key);
      if (prepared?.listener.role !== 'inbound') continue;
      if (prepared.listener.ports.some((port) => concerned(prepared.proxy, port))) this.drainListener(key);
    }
  }

  drain(): void {
    for (const key of this.#codecs.keys()) this.drainListener(key);
  }

  close(): void {
    for (const codecs of this.#codecs.values()) for (const codec of codecs) codec.close();
    this.#sweeper.close();
    this.#heldSweeper.close();
  }

  #add(key: string, codec: Codec): void {
    const codecs = this.#codecs.get(key);
    if (codecs === undefined) this.#codecs.set(key, new Set([codec]));
    else codecs.add(codec);
  }

  /** Toxics on the bytes of a connection that carries requests; null: they refused it. */
  #disturb(key: string, accepted: Duplex, known: ConnectionInfo): { socket: Duplex; info: ConnectionInfo } | null {
    const path = pathOfPort(this.#deps.prepared(key), known, null);
    if (path === undefined || path.snapshot.faults.length === 0) return { socket: accepted, info: known };
    const { snapshot, proxy, port } = path;
    const peer = known.mtls ? [...path.workloads.values()].find((w) => w.spiffeId === known.peerSpiffeId) : undefined;
    const disturbed = this.#deps.tcp.faults.disturb(accepted, {
      side: 'server',
      faults: snapshot.faults,
      proxy,
      destinationService: port.cluster.service,
      port: port.port,
      peer: peer ?? null,
      cluster: port.cluster,
      client: peer?.id ?? known.remoteAddress.replace(/:\d+$/, ''),
    });
    if (disturbed === null) return null;
    const { stream, met } = disturbed;
    return { socket: stream, info: met.length === 0 ? known : { ...known, faults: met } };
  }
}

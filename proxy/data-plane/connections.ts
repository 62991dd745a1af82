import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from './clock.ts';
import { Codecs } from './codecs.ts';
import { type DetectedProtocol, detect } from './listener/accept.ts';
import { type ClientHello, readClientHello } from './listener/client-hello.ts';
import { onlyServer, passesThrough, serverFor, serverOf } from './listener/gateway-servers.ts';
import type { ConnectRequest } from './listener/http1-options.ts';
import { TlsListeners } from './listener/tls-listeners.ts';
import { type InboundPath, type OutboundPath, pathOfPort } from './listener-path.ts';
import type { DataPlaneEvent, IdentityMaterial } from './messages.ts';
import type { PreparedListener } from './prepare.ts';
import type { RequestPathDeps } from './request-path.ts';
import { splitAuthority } from './route/authority.ts';
import { connectionTarget } from './route/service-of.ts';
import type { GatewayListener, GatewayServer, InboundPort, ProxySnapshot } from './snapshot.ts';
import type { ConnectionInfo } from './stream.ts';
import { refusePlaintext, runTcpInbound, runTcpOutbound, type TcpDeps } from './tcp-path.ts';

/** Server-first protocols say nothing until the server has: after this long a silent plaintext connection is taken for one. */
const SILENT_MS = 1000;
/** As long as a handshake may take (listener/tls.ts). */
const HELLO_TIMEOUT_MS = 10_000;

export interface ConnectionsDeps {
  clock: Clock;
  identityOf: (proxyId: string) => IdentityMaterial | undefined;
  /** The listener as the newest snapshot has it. */
  prepared: (key: string) => PreparedListener | undefined;
  request: RequestPathDeps;
  tcp: Pick<TcpDeps, 'dialTcp' | 'authorize' | 'faults'>;
  /** A gateway server's certificate when the configuration names none: from the local CA. */
  gatewayCertificate: (proxyId: string) => IdentityMaterial | undefined;
  emit: (event: DataPlaneEvent) => void;
}

/**
 * From an accepted socket to requests: protocol by the first bytes, TLS where it is spoken, then a codec that hands requests to the request
 * path. What a connection's requests do is looked up per request, so an apply takes effect on open connections too.
 */
export class Connections {
  readonly #deps: ConnectionsDeps;
  readonly #codecs: Codecs;
  readonly #tlsListeners: TlsListeners;
  #lastConnectionId = 0;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
    this.#codecs = new Codecs({ ...deps, onConnect: (key, request, info) => this.#onConnect(key, request, info) });
    this.#tlsListeners = new TlsListeners({
      prepared: deps.prepared,
      identityOf: deps.identityOf,
      gatewayCertificate: deps.gatewayCertificate,
      onSecure: (key, socket, info, server) => this.#onSecure(key, socket, info, server),
      onTlsError: (prepared, reason, info) => this.#onTlsError(prepared, reason, info),
    });
  }

  accept(key: string, socket: net.Socket): void {
    const prepared = this.#deps.prepared(key);
    if (prepared === undefined) {
      socket.destroy();
      return;
    }
    const info = this.#infoOf(socket);
    switch (prepared.listener.role) {
      case 'outbound':
        this.#detect(socket, (protocol) => this.#codecs.serve(key, protocol, socket, info));
        return;
      case 'upstream':
        this.#acceptUpstream(key, prepared, socket, info);
        return;
      case 'inbound':
        this.#acceptInbound(key, socket, info);
        return;
      case 'gateway':
        if (prepared.listener.servers.every((server) => server.protocol === 'TCP' && server.tls === null)) {
          this.#tunnelFromGateway(key, socket, info, '');
          return;
        }
        this.#detect(socket, (protocol) => {
          if (protocol === 'tls') this.#acceptGatewayTls(key, socket, info);
          else this.#codecs.serve(key, protocol, socket, info);
        });
    }
  }

  /** New certificates: later handshakes use them. */
  onIdentities(spiffeIds: ReadonlySet<string>): void {
    this.#tlsListeners.renew(spiffeIds);
  }

  /** Connections of a listener that is gone end after the request in progress. */
  drainListener(key: string): void {
    this.#codecs.drainListener(key);
    this.#tlsListeners.drop(key);
  }

  /** Connections to these workloads end after the request in progress; what comes next opens new ones. */
  renew(concerned: (proxy: ProxySnapshot, port: InboundPort) => boolean): void {
    this.#codecs.renew(concerned);
  }

  drain(): void {
    this.#codecs.drain();
  }

  close(): void {
    this.#codecs.close();
    this.#tlsListeners.close();
  }

  // ── by role ──

  #acceptUpstream(key: string, prepared: PreparedListener, socket: net.Socket, info: ConnectionInfo): void {
    const { listener } = prepared;
    if (listener.role !== 'upstream') return;
    if (listener.protocol === 'tcp') {
      this.#tunnelOut(key, socket, info, listener.service, listener.servicePort);
      return;
    }
    this.#detect(socket, (protocol) => this.#codecs.serve(key, protocol, socket, info));
  }

  #acceptInbound(key: string, socket: net.Socket, info: ConnectionInfo): void {
    const done = (protocol: DetectedProtocol): void => {
      if (protocol === 'tls') {
        this.#acceptInboundTls(key, socket, info);
        return;
      }
      const path = this.#portOf(key, info);
      // STRICT: plaintext is closed without a word of HTTP, as Envoy finds no filter chain for it.
      if (protocol === 'closed' || path === undefined) socket.destroy();
      else if (path.port.mtls === 'STRICT') refusePlaintext(socket, info, path, this.#tcpDeps());
      else if (path.port.protocol === 'tcp') void runTcpInbound(socket, info, path, this.#tcpDeps());
      else this.#codecs.serve(key, protocol, socket, info);
    };
    const mayBeServerFirst = this.#portOf(key, info)?.port.protocol === 'tcp';
    const { clock } = this.#deps;
    detect(
      socket,
      mayBeServerFirst ? { timeoutMs: SILENT_MS, setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs) } : {},
      done,
    );
  }

  /**
   * Istio's sidecars say so, by their protocols or the server name; TLS of anybody else is the app's own unless mTLS is required: its bytes
   * go through (istiod's permissive filter chain for TLS without Istio's ALPN).
   */
  #acceptInboundTls(key: string, socket: net.Socket, info: ConnectionInfo): void {
    const path = this.#portOf(key, info);
    if (path === undefined || path.port.mtls === 'STRICT') {
      this.#tlsListeners.accept(key, socket, info, null);
      return;
    }
    this.#readHello(socket, ({ serverName, alpn }) => {
      const istio = serverName.startsWith('outbound_.') || alpn.some((protocol) => protocol.startsWith('istio'));
      if (istio) this.#tlsListeners.accept(key, socket, info, null);
      else void runTcpInbound(socket, { ...info, sni: serverName }, path, this.#tcpDeps());
    });
  }

  /** The server name decides: a passthrough route's bytes go through, else the server with the closest host ends TLS. */
  #acceptGatewayTls(key: string, socket: net.Socket, info: ConnectionInfo): void {
    const prepared = this.#deps.prepared(key);
    if (prepared === undefined) {
      socket.destroy();
      return;
    }
    const listener = prepared.listener as GatewayListener;
    const passed = (listener.tcpRoutes ?? []).filter((route) => route.sniHosts.length > 0 && route.server === undefined);
    const only = onlyServer(listener);
    if (passed.length === 0 && only !== null) {
      this.#tlsListeners.accept(key, socket, info, only);
      return;
    }
    this.#readHello(socket, ({ serverName: sni }) => {
      const hosts = passed.flatMap((route) => route.sniHosts);
      const server = passesThrough(listener, hosts, sni) ? null : serverFor(listener, sni);
      if (server !== null) this.#tlsListeners.accept(key, socket, { ...info, sni }, server);
      else if (passed.length > 0) this.#tunnelFromGateway(key, socket, { ...info, sni }, sni);
      else {
        this.#onTlsError(prepared, `no server has the name ${sni === '' ? 'of a client that names none' : sni}`, info);
        socket.destroy();
      }
    });
  }

  /** TCP servers and TLS passthrough: the gateway's own routes decide, bytes go through as they are. `ended`: the server that ended TLS. */
  #tunnelFromGateway(key: string, socket: Duplex, info: ConnectionInfo, sni: string, ended?: GatewayServer): void {
    const prepared = this.#deps.prepared(key);
    const path = prepared?.paths[0];
    if (path === undefined || prepared?.listener.role !== 'gateway') {
      socket.destroy();
      return;
    }
    const { tcpRoutes, port } = prepared.listener;
    const routes = (tcpRoutes ?? []).filter((route) =>
      ended === undefined
        ? route.server === undefined && (sni === '') === (route.sniHosts.length === 0)
        : route.server !== undefined && route.server === ended.id,
    );
    void runTcpOutbound(socket, info, path, { service: '', port, host: sni || 'gateway', sni, routes }, this.#tcpDeps());
  }

  // ── TLS ──

  /** A client that stops in the middle of its hello has as long as one in the middle of a handshake. */
  #readHello(socket: Duplex, done: (hello: ClientHello) => void): void {
    const timer = this.#deps.clock.setTimer(() => socket.destroy(), HELLO_TIMEOUT_MS);
    readClientHello(socket, (hello) => {
      timer.cancel();
      if (!socket.destroyed) done(hello);
    });
  }

  #onSecure(key: string, socket: Duplex, info: ConnectionInfo, server: string): void {
    const prepared = this.#deps.prepared(key);
    if (prepared?.listener.role === 'inbound') {
      const path = this.#portOf(key, info);
      if (path?.port.protocol === 'tcp') {
        void runTcpInbound(socket, info, path, this.#tcpDeps());
        return;
      }
    }
    const ended = prepared === undefined ? null : serverOf(prepared.listener, server);
    if (ended !== null && (ended.protocol === 'TLS' || ended.protocol === 'TCP')) {
      this.#tunnelFromGateway(key, socket, info, info.sni, ended);
      return;
    }
    detect(socket, {}, (protocol) => this.#codecs.serve(key, protocol, socket, info, server));
  }

  #onTlsError(prepared: PreparedListener, reason: string, info: ConnectionInfo | null): void {
    this.#deps.emit({
      at: this.#deps.clock.wallNow(),
      type: 'tls.refused',
      subject: prepared.proxy.id,
      message: `${prepared.proxy.id} refused a TLS connection${info === null ? '' : ` from ${info.remoteAddress}`}: ${reason}`,
      data: { listener: prepared.listener.id, reason },
    });
  }

  // ── on to where it is for ──

  #detect(socket: Duplex, done: (protocol: DetectedProtocol) => void): void {
    detect(socket, {}, (protocol) => {
      if (protocol === 'closed') socket.destroy();
      else done(protocol);
    });
  }

  /** CONNECT host:port: the bytes inside are a connection to that service, whatever they speak. */
  #onConnect(key: string, request: ConnectRequest, info: ConnectionInfo): void {
    const prepared = this.#deps.prepared(key);
    const path = prepared?.paths[0];
    if (path === undefined || path.direction !== 'outbound') {
      request.refuse(503, '');
      return;
    }
    const { host, port } = splitAuthority(request.authority);
    const { service, address } = connectionTarget(path.table.view, host, port);
    const protocol = path.snapshot.services.find((s) => s.fqdn === service)?.ports.find((p) => p.port === port)?.protocol;
    if (service === '' && path.snapshot.outboundTrafficPolicy === 'REGISTRY_ONLY') {
      request.refuse(502, '');
      return;
    }
    const stream = request.accept();
    const target = { service: protocol === undefined ? '' : service, port, host, address, sni: '' };
    if (service === '' || protocol === undefined || protocol === 'tcp') {
      this.#carryOut(stream, info, path, target);
      return;
    }
    this.#detect(stream, (detected) => {
      if (detected === 'http1' || detected === 'http2') this.#codecs.serve(key, detected, stream, info);
      else void runTcpOutbound(stream, info, path, target, this.#tcpDeps());
    });
  }

  #tunnelOut(key: string, socket: Duplex, info: ConnectionInfo, service: string, port: number): void {
    const path = this.#deps.prepared(key)?.paths[0];
    if (path?.direction !== 'outbound') socket.destroy();
    else {
      const { address } = connectionTarget(path.table.view, service, port);
      this.#carryOut(socket, info, path, { service, port, host: service, address, sni: '' });
    }
  }

  /** Where a TLS route may choose by it, the client's server name is read first; who speaks no TLS, or not first, has none. */
  #carryOut(
    stream: Duplex,
    info: ConnectionInfo,
    path: OutboundPath,
    target: { service: string; port: number; host: string; address: string; sni: string },
  ): void {
    const run = (sni: string): void => void runTcpOutbound(stream, info, path, { ...target, sni }, this.#tcpDeps());
    const { tcpRoutes } = path.table.view;
    if (!tcpRoutes.some((r) => r.service === target.service && r.port === target.port && r.sniHosts.length > 0)) {
      run('');
      return;
    }
    const { clock } = this.#deps;
    const setTimer = (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs);
    detect(stream, { timeoutMs: SILENT_MS, setTimer }, (protocol) => {
      if (protocol === 'tls') this.#readHello(stream, ({ serverName }) => run(serverName));
      else run('');
    });
  }

  #portOf(key: string, info: ConnectionInfo): InboundPath | undefined {
    return pathOfPort(this.#deps.prepared(key), info, null);
  }

  #tcpDeps(): TcpDeps {
    return { ...this.#deps.request, ...this.#deps.tcp };
  }

  #infoOf(socket: net.Socket): ConnectionInfo {
    return {
      id: ++this.#lastConnectionId,
      remoteAddress: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`,
      localAddress: `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`,
      peerSpiffeId: '',
      peerCertificate: null,
      mtls: false,
      tls: false,
      sni: '',
      alpn: '',
    };
  }
}

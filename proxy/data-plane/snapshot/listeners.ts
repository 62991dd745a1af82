import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { ServiceProtocol } from '../../api/mesh.schema.ts';
import type { ClusterSnapshot } from './clusters.ts';
import type { HttpPatches, StreamTimeouts } from './envoy-filters.ts';
import type { RetryPolicy, Route, TcpRoute, VirtualHost } from './routes.ts';
import type { AuthorizationSnapshot, JwtSnapshot } from './security.ts';

/* Where proxies accept connections, and what is served there. */

export interface HostPort {
  host: string;
  port: number;
}

interface ListenerBase {
  /** Unique within the proxy: `inbound`, `outbound`, `upstream:ratings.default:9080`, `gateway:8080`. */
  id: string;
  host: string;
  /** 0 = any. */
  port: number;
  /** True: the user fixed it, a taken port is an error; false: take another and say so. */
  fixed: boolean;
}

export interface InboundListener extends ListenerBase {
  role: 'inbound';
  /** First entry is the default for plaintext without a telling Host. mTLS connections pick by the port in Istio's SNI. */
  ports: InboundPort[];
}

export interface OutboundListener extends ListenerBase {
  role: 'outbound';
}

/** A local port that stands for one destination service port. */
export interface UpstreamListener extends ListenerBase {
  role: 'upstream';
  service: string;
  servicePort: number;
  protocol: ServiceProtocol;
}

export interface GatewayListener extends ListenerBase {
  role: 'gateway';
  servers: GatewayServer[];
  /** Virtual hosts in match order for plain HTTP and terminated TLS. */
  virtualHosts: VirtualHost[];
  /** Routes of TCP servers (no sniHosts) and of TLS passthrough, in match order; `service` is ''. */
  tcpRoutes?: TcpRoute[];
  /** Policies of the gateway itself, judged before routing; absent = none. */
  authorization?: AuthorizationSnapshot;
  jwt?: JwtSnapshot[];
  /** What EnvoyFilters add; absent = nothing. */
  http?: HttpPatches;
}

export type ListenerSnapshot = InboundListener | OutboundListener | UpstreamListener | GatewayListener;

export interface GatewayServer {
  /** What `TcpRoute.server` names it by; absent: no such routes. */
  id?: string;
  name: string;
  hosts: string[];
  protocol: 'HTTP' | 'HTTPS' | 'TLS' | 'TCP' | 'GRPC' | 'HTTP2';
  tls: null | {
    mode: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL' | 'ISTIO_MUTUAL' | 'AUTO_PASSTHROUGH';
    /** PEM; null = the engine makes one from the local CA for the server's hosts. */
    certificate: string | null;
    privateKey: string | null;
    clientCa: string | null;
  };
  httpsRedirect: boolean;
  origin: ResourceRef | null;
}

export interface InboundPort {
  name: string;
  /** The service port other services use. */
  port: number;
  protocol: ServiceProtocol;
  /** Where the developer's process listens. */
  app: HostPort;
  /** `inbound|9080||` */
  cluster: ClusterSnapshot;
  mtls: 'PERMISSIVE' | 'STRICT' | 'DISABLE';
  mtlsFrom: ResourceRef | null;
  authorization: AuthorizationSnapshot;
  jwt: JwtSnapshot[];
  retry: RetryPolicy | null;
  /** What EnvoyFilters add; absent = nothing. */
  http?: HttpPatches;
  /** What EnvoyFilters change of the one route to the app; absent = nothing. */
  route?: Pick<Route, 'rateLimits'> & StreamTimeouts;
}

export interface BoundListener {
  proxy: string;
  listener: string;
  host: string;
  port: number;
}

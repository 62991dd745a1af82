import type { ResourceRef } from '../api/diagnostic.schema.ts';
import type { AppliedFault, Attempt } from '../api/exchange.schema.ts';
import type { HeaderMap } from './header-map.ts';
import type { ClusterSnapshot, MeshSnapshot, ProxySnapshot, Route, WeightedCluster, WorkloadInfo } from './snapshot.ts';
import type { DownstreamRequest } from './stream.ts';

/** A response head on its way down; filters change it in place. */
export interface ResponseHead {
  status: number;
  headers: HeaderMap;
}

/** A response of our own. Only listener/local-reply.ts turns it into bytes. */
export interface LocalReply {
  status: number;
  /** text/plain unless headers say otherwise; '' drops content-type and content-length as Envoy does. */
  body: string;
  /** Envoy response flag: `NR`, `UF`, `FI`, … or ''. */
  flag: string;
  /** %RESPONSE_CODE_DETAILS% */
  details: string;
  headers?: [string, string][];
  /** For gRPC requests, overrides the mapping from the HTTP status. */
  grpcStatus?: number;
  /** Written by a filter as it stands: no response header operations, no gRPC mapping (Envoy's CORS filter). */
  asWritten?: true;
  /** Instead of a response: cut the connection (`reset`) or never answer (`hang`). */
  instead?: 'reset' | 'hang';
}

/** Response body transform of a fault (truncate, throttle, corrupt). Chunks go in, chunks come out through `emit`, in order. */
export interface BodyTransform {
  /** Returns false to push back; calls onDrain when it can take more. */
  write(chunk: Buffer): boolean;
  end(): void;
  close(): void;
  emit: (chunk: Buffer) => void;
  emitEnd: () => void;
  /** Abort instead of a clean end (truncation). */
  emitReset: () => void;
  onDrain: (() => void) | null;
}

export interface PolicyOutcome {
  resource: ResourceRef;
  outcome: 'allowed' | 'denied' | 'audited' | 'shadow-denied' | 'shadow-allowed' | 'authenticated' | 'not-matched';
  reason: string;
}

/** Where a filter stands: `outbound` is the caller's sidecar or a gateway, `inbound` the callee's. */
export type Direction = 'outbound' | 'inbound';

export interface TraceContext {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  sampled: boolean;
  /** Formats seen on the request, injected again on the way out; traceparent always is. */
  formats: { b3Single: boolean; b3Multi: boolean };
  /** As it came with a valid traceparent, without its malformed form; '' for none. */
  tracestate: string;
  /** B3's debug flag: whoever set it wants every hop to keep this trace. */
  debug?: boolean;
}

/**
 * One request's state through the stages of one proxy. Stages read and write it; they never import each other. When it is finished, one
 * record made from it feeds metrics, access log, recorder and UI.
 */
export interface ExchangeState {
  readonly id: string;
  readonly direction: Direction;
  readonly reporter: 'source' | 'destination' | 'gateway';
  readonly snapshot: MeshSnapshot;
  readonly proxy: ProxySnapshot;
  readonly downstream: DownstreamRequest;
  /** Monotonic and wall milliseconds of the request's first byte. */
  readonly startedAt: number;
  readonly startedWallMs: number;

  // ── the request as it will leave; stages change it ──
  method: string;
  scheme: 'http' | 'https';
  authority: string;
  /** Path with query. */
  path: string;
  /** As received, before rewrites. */
  readonly originalPath: string;
  readonly originalAuthority: string;
  headers: HeaderMap;
  /** By its content-type (grpc-type.ts). */
  readonly grpc: boolean;
  /** 0-based HTTP port of the destination the authority means (default filled in). */
  port: number;

  trace: TraceContext;
  requestId: string;

  // ── who ──
  /** The other side: for inbound, the caller as its certificate and metadata tell; null = outside the mesh. */
  peer: WorkloadInfo | null;
  /** Destination service fqdn, '' when unknown (passthrough). */
  destinationService: string;
  /** Claims of the verified JWTs, for routing and authorization: issuer/subject plus payload. */
  jwt: { issuer: string; subject: string; audiences: string[]; presenter: string; claims: Record<string, unknown> } | null;

  // ── what was decided ──
  virtualHost: string;
  route: Route | null;
  weightedCluster: WeightedCluster | null;
  cluster: ClusterSnapshot | null;
  draw: number | null;
  policies: PolicyOutcome[];
  notes: string[];

  // ── what happened ──
  faults: AppliedFault[];
  attempts: Attempt[];
  /** Envoy flags in the order raised, no duplicates. */
  flags: string[];
  details: string;
  /** 0 until a response head was sent. */
  responseStatus: number;
  grpcStatus: number | null;
  endpoint: string;
  endpointWorkload: string;
  /** x-envoy-attempt-count of the first try was written before header operations that touch it; absent = it is still to be. */
  attemptCounted?: boolean;
  /** Run on every response head, local replies too, in this order, before it goes down. */
  responseHeaderFilters: ((response: ResponseHead) => void)[];
  /** Set by the fault stage. */
  responseTransform: BodyTransform | null;
  /** Stage stamps, monotonic ms. */
  stages: { stage: string; startedAt: number; endedAt: number }[];
  /** True once the client has gone: stages stop as soon as they see it. */
  aborted: boolean;
}

/** A route filter: one folder under route-filters/, run in index order. Undefined = go on. */
export type FilterResult = LocalReply | undefined;
export type RouteFilter = (exchange: ExchangeState) => FilterResult | Promise<FilterResult>;

/** Adds an Envoy response flag once. */
export function addFlag(exchange: ExchangeState, flag: string): void {
  if (flag !== '' && !exchange.flags.includes(flag)) exchange.flags.push(flag);
}

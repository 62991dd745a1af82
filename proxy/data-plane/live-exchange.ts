import { isUtf8 } from 'node:buffer';
import type {
  AppliedFault,
  Attempt,
  CapturedBody,
  Decision,
  Exchange,
  ExchangeDetail,
  MessageLog,
} from '../api/exchange.schema.ts';
import { type BodyCapture, CapturedDownstream } from './captured-downstream.ts';
import type { BodyTransform, Direction, ExchangeState, PolicyOutcome, ResponseHead, TraceContext } from './exchange.ts';
import { isGrpcType } from './grpc-type.ts';
import type { HeaderMap } from './header-map.ts';
import type { MessageBudget } from './live/message-log.ts';
import { normalizePath } from './route/normalize-path.ts';
import type { ClusterSnapshot, MeshSnapshot, ProxySnapshot, Route, WeightedCluster, WorkloadInfo } from './snapshot.ts';
import type { ConnectionInfo, DownstreamRequest } from './stream.ts';
import { describeFrames } from './websocket-frames.ts';

/** What every exchange of one listener has in common, found once and not per request. */
export interface ExchangeOrigin {
  direction: Direction;
  reporter: 'source' | 'destination' | 'gateway';
  snapshot: MeshSnapshot;
  proxy: ProxySnapshot;
  /** Workload id → workload, for the names of the other side. */
  workloads: ReadonlyMap<string, WorkloadInfo>;
  /** Service fqdn → `{name, namespace}`. */
  serviceNames: ReadonlyMap<string, { name: string; namespace: string }>;
}

/** A gRPC call of at most one message each way that took less, its answer after the request's end: its bodies tell everything. */
const shortMs = 1_000;

const UNKNOWN_TRACE: TraceContext = {
  traceId: '',
  spanId: '',
  parentSpanId: '',
  sampled: false,
  formats: { b3Single: false, b3Multi: false },
  tracestate: '',
};

/** One request's state while it lives, and the record of it when it is over. */
export class LiveExchange implements ExchangeState {
  readonly id: string;
  readonly origin: ExchangeOrigin;
  readonly direction: Direction;
  readonly reporter: 'source' | 'destination' | 'gateway';
  readonly snapshot: MeshSnapshot;
  readonly proxy: ProxySnapshot;
  readonly downstream: CapturedDownstream;
  readonly startedAt: number;
  readonly startedWallMs: number;
  method: string;
  scheme: 'http' | 'https';
  authority: string;
  path: string;
  /** False: the path cannot be normalised and must not be routed. */
  readonly pathIsValid: boolean;
  readonly originalPath: string;
  readonly originalAuthority: string;
  readonly originalHeaders: HeaderMap;
  headers: HeaderMap;
  readonly grpc: boolean;
  port = 0;
  trace: TraceContext = UNKNOWN_TRACE;
  requestId = '';
  peer: WorkloadInfo | null = null;
  destinationService = '';
  jwt: ExchangeState['jwt'] = null;
  virtualHost = '';
  route: Route | null = null;
  weightedCluster: WeightedCluster | null = null;
  cluster: ClusterSnapshot | null = null;
  draw: number | null = null;
  policies: PolicyOutcome[] = [];
  notes: string[] = [];
  faults: AppliedFault[] = [];
  attempts: Attempt[] = [];
  flags: string[] = [];
  details = '';
  responseStatus = 0;
  grpcStatus: number | null = null;
  endpoint = '';
  endpointWorkload = '';
  responseHeaderFilters: ((response: ResponseHead) => void)[] = [];
  responseTransform: BodyTransform | null = null;
  stages: { stage: string; startedAt: number; endedAt: number }[] = [];
  aborted = false;
  /** Set for what is not HTTP. */
  protocolName = '';
  /** It was shown while it was open: its end must be told too. */
  announced = false;
  /** Neighbours in the list of exchanges in progress (live/open-exchanges.ts). */
  earlier: LiveExchange | null = null;
  later: LiveExchange | null = null;

  constructor(
    id: string,
    origin: ExchangeOrigin,
    downstream: DownstreamRequest,
    now: () => number,
    wallMs: number,
    budget?: MessageBudget,
  ) {
    this.id = id;
    this.origin = origin;
    this.direction = origin.direction;
    this.reporter = origin.reporter;
    this.snapshot = origin.snapshot;
    this.proxy = origin.proxy;
    this.startedAt = now();
    this.startedWallMs = wallMs;
    this.downstream = new CapturedDownstream(
      downstream,
      origin.snapshot.captureBodyLimitBytes,
      { now, startedAt: this.startedAt },
      budget,
    );
    this.method = downstream.method;
    this.scheme = downstream.scheme;
    this.authority = downstream.authority;
    // Istio's BASE normalisation: routing, policies and the upstream all see the same path; the record keeps what came.
    const path = normalizePath(downstream.path);
    this.path = path ?? downstream.path;
    this.pathIsValid = path !== null;
    this.originalPath = downstream.path;
    this.originalAuthority = downstream.authority;
    this.originalHeaders = downstream.headers;
    this.headers = downstream.headers.clone();
    this.grpc = isGrpcType(downstream.headers.get('content-type'));
  }

  /** Runs one stage and keeps its times. */
  enterStage(stage: string, now: number): void {
    const last = this.stages[this.stages.length - 1];
    if (last !== undefined && last.endedAt === 0) last.endedAt = now;
    this.stages.push({ stage, startedAt: now, endedAt: 0 });
  }

  /** Equal for exchanges that metrics cannot tell apart but by time and size. */
  tallyKey(): string {
    const { downstream } = this;
    return `${this.proxy.id}|${this.serviceName()}|${this.endpointWorkload}|${this.peer?.id ?? ''}|${downstream.responseStatus}|${this.grpcStatus ?? ''}|${this.#countsKey()}|${this.flags.length === 0 ? '' : this.flags.join()}|${this.grpc ? 'gRPC' : downstream.protocol}|${downstream.upgraded}|${this.attempts.length}|${this.faults.length}|${downstream.connection.mtls}`;
  }

  /** Field for field what `tallyKey` joins. */
  talliesWith(other: LiveExchange): boolean {
    const [a, b] = [this.downstream, other.downstream];
    return (
      this.proxy === other.proxy &&
      a.responseStatus === b.responseStatus &&
      this.endpointWorkload === other.endpointWorkload &&
      this.peer === other.peer &&
      this.attempts.length === other.attempts.length &&
      this.faults.length === other.faults.length &&
      this.flags.length === 0 &&
      other.flags.length === 0 &&
      this.grpcStatus === other.grpcStatus &&
      this.grpc === other.grpc &&
      a.protocol === b.protocol &&
      a.upgraded === b.upgraded &&
      a.connection.mtls === b.connection.mtls &&
      this.serviceName() === other.serviceName() &&
      (a.messages === null ? b.messages === null : this.#countsKey() === other.#countsKey())
    );
  }

  /** The service as metrics know it; for what is not in the mesh, the name it was called by. */
  serviceName(): string {
    return this.destinationService !== '' || this.direction === 'inbound' ? this.destinationService : this.originalAuthority;
  }

  /** Worth a record of its own before others. */
  isFailure(): boolean {
    return this.flags.length > 0 || this.faults.length > 0 || this.attempts.length > 1 || this.downstream.responseStatus >= 500;
  }

  /** The finished record: what telemetry, recorder and UI get. */
  finish(now: number): ExchangeDetail {
    const last = this.stages[this.stages.length - 1];
    if (last !== undefined && last.endedAt === 0) last.endedAt = now;
    return this.#detail(now);
  }

  /** As it is now, while it goes on; changes nothing. */
  soFar(now: number): ExchangeDetail {
    return { ...this.#detail(now), open: true };
  }

  /** `soFar` without contents. */
  summarySoFar(now: number): Exchange {
    return { ...this.#summary(now), open: true };
  }

  #detail(now: number): ExchangeDetail {
    const { downstream } = this;
    const messages = this.#messages(now);
    return {
      ...this.#summary(now),
      request: {
        headers: this.originalHeaders.toPairs(),
        body: capturedBody(downstream.requestBody, this.originalHeaders),
        trailers: downstream.requestTrailers?.toPairs() ?? [],
      },
      response: {
        headers: downstream.responseHeaders?.toPairs() ?? [],
        body: capturedBody(downstream.responseBody, downstream.responseHeaders),
        trailers: downstream.responseTrailers?.toPairs() ?? [],
      },
      timeline: this.stages.map((s) => ({
        stage: s.stage,
        startMs: round(s.startedAt - this.startedAt),
        durationMs: round((s.endedAt || now) - s.startedAt),
      })),
      decision: this.#decision(),
      peer: peerOf(downstream.connection),
      redacted: [],
      ...(messages === null ? {} : { messages }),
    };
  }

  /** A short call's messages are its bodies: they are not kept twice. */
  #messages(now: number): MessageLog | null {
    const { messages, requestBody, responseBody, requestEndedAt, responseStartedAt } = this.downstream;
    if (messages === null) return null;
    const whole = requestBody.captured === requestBody.total && responseBody.captured === responseBody.total;
    const isDialogue = requestEndedAt === 0 || requestEndedAt > responseStartedAt;
    const isBrief = messages.total <= 2 && whole && now - this.startedAt < shortMs;
    if (messages.kind === 'grpc' && !this.announced && !isDialogue && isBrief) return null;
    const log = messages.record();
    return requestEndedAt === 0 ? log : { ...log, upEndMs: round(requestEndedAt - this.startedAt) };
  }

  #messageCounts(): { requestMessages?: number; responseMessages?: number } {
    const { messages } = this.downstream;
    if (messages?.kind !== 'grpc') return {};
    const { up, down } = messages.counts;
    return { requestMessages: up, responseMessages: down };
  }

  #countsKey(): string {
    const { messages } = this.downstream;
    return messages?.kind === 'grpc' ? `${messages.counts.up},${messages.counts.down}` : '';
  }

  #summary(now: number): Exchange {
    const { downstream, proxy, origin } = this;
    const inbound = this.direction === 'inbound';
    const source = inbound ? this.peer : proxy.workload;
    const mtls = inbound ? downstream.connection.mtls : this.cluster?.tls.mode === 'mutual' && this.endpointWorkload !== '';
    return {
      id: this.id,
      time: new Date(this.startedWallMs).toISOString(),
      reporter: origin.reporter,
      source: source?.service ?? 'outside',
      sourceNamespace: source?.namespace ?? '',
      sourceWorkload: source?.id ?? '',
      sourceVersion: source?.version ?? '',
      ...this.#destination(),
      method: this.downstream.method,
      authority: this.originalAuthority,
      path: this.originalPath,
      protocol: this.#protocol(),
      status: downstream.responseStatus,
      ...(this.grpcStatus === null ? {} : { grpcStatus: this.grpcStatus }),
      flags: this.flags.join(','),
      details: this.details,
      durationMs: round(now - this.startedAt),
      requestBytes: downstream.requestBody.total,
      responseBytes: downstream.responseBody.total,
      ...this.#messageCounts(),
      route: this.route?.name ?? '',
      cluster: this.cluster?.name ?? '',
      endpoint: this.endpoint,
      attempts: this.attempts,
      traceId: this.trace.traceId,
      spanId: this.trace.spanId,
      parentSpanId: this.trace.parentSpanId,
      requestId: this.requestId,
      mtls,
      faults: this.faults,
    };
  }

  #destination(): { destination: string; destinationNamespace: string; destinationWorkload: string; destinationVersion: string } {
    if (this.direction === 'inbound') {
      const own = this.proxy.workload;
      return {
        destination: own.service,
        destinationNamespace: own.namespace,
        destinationWorkload: own.id,
        destinationVersion: own.version,
      };
    }
    const workload = this.origin.workloads.get(this.endpointWorkload);
    const service = this.origin.serviceNames.get(this.destinationService);
    return {
      destination: service?.name ?? (this.destinationService || this.originalAuthority),
      destinationNamespace: service?.namespace ?? '',
      destinationWorkload: workload?.id ?? '',
      destinationVersion: workload?.version ?? '',
    };
  }

  #protocol(): string {
    if (this.protocolName !== '') return this.protocolName;
    if (this.grpc) return 'gRPC';
    if (this.downstream.upgraded) return 'WebSocket';
    return this.downstream.protocol;
  }

  #notes(): string[] {
    const frames = this.downstream.messages?.frames ?? null;
    if (frames === null) return this.notes;
    return [...this.notes, `WebSocket: ${describeFrames(frames.up)} up; ${describeFrames(frames.down)} down`];
  }

  #decision(): Decision {
    const action = this.route?.action;
    const forward = action?.type === 'forward' ? action : null;
    return {
      snapshot: this.snapshot.version,
      virtualHost: this.virtualHost,
      rule: this.route?.origin ?? null,
      shares: forward?.clusters.map((c) => ({ cluster: c.cluster, weight: c.weight })) ?? [],
      draw: this.draw,
      timeoutMs: forward?.timeoutMs ?? null,
      retries: forward?.retry
        ? { attempts: forward.retry.attempts, retryOn: forward.retry.retryOn.join(','), from: forward.retry.from }
        : null,
      policies: this.policies,
      notes: this.#notes(),
    };
  }
}

/** Text as text, everything else as base64; null when there was no body. */
function capturedBody(capture: BodyCapture, headers: HeaderMap | null): CapturedBody | null {
  if (capture.total === 0) return null;
  const bytes = capture.chunks.length === 1 ? capture.chunks[0]! : Buffer.concat(capture.chunks);
  const truncated = capture.captured < capture.total;
  const contentEncoding = headers?.get('content-encoding') ?? '';
  const text = contentEncoding === '' && isUtf8(truncated ? withoutCutCharacter(bytes) : bytes);
  return {
    bytes: capture.total,
    capturedBytes: capture.captured,
    truncated,
    encoding: text ? 'utf8' : 'base64',
    content: bytes.toString(text ? 'utf8' : 'base64'),
    contentType: headers?.get('content-type') ?? '',
    contentEncoding,
  };
}

/** The capture limit may cut a multi-byte character: leave up to three trailing bytes of it out of the check. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  let end = bytes.length;
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0xc0) {
      end = bytes.length - back;
      break;
    }
    if ((byte & 0xc0) !== 0x80) break;
  }
  return bytes.subarray(0, end);
}

function peerOf({ remoteAddress, peerSpiffeId, localAddress, sni }: ConnectionInfo): ExchangeDetail['peer'] {
  return { address: remoteAddress, spiffeId: peerSpiffeId, localAddress, ...(sni === '' ? {} : { serverName: sni }) };
}

/** Microsecond resolution: enough, and short as JSON. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

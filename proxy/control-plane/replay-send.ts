import { randomBytes } from 'node:crypto';
import type { TracePin } from '../data-plane/messages.ts';
import {
  type ReplayAnswer,
  type ReplayCall,
  type ReplaySend,
  rootSpanPrefix,
  type StreamMessage,
} from '../recorder/replay/call.ts';
import { isLoopbackHost, type ReplayTarget } from '../recorder/replay/target.ts';
import { monotonicMs } from '../shared/monotonic.ts';
import type { Committed } from './apply.ts';
import { findEntry } from './find-entry.ts';
import { SendThread } from './replay/send-thread.ts';
import type { WireAnswer, WireCall } from './replay/wire.ts';
import { describeWorkloads } from './workloads.ts';

/** Sends recorded calls again where they first came from: the source's own outbound port, or the ingress. Loopback only. */
export class ReplayCaller {
  readonly #current: () => Committed;
  readonly #thread = new SendThread();
  #sent = 0;

  constructor(current: () => Committed) {
    this.#current = current;
  }

  readonly send: ReplaySend = async (call) => {
    const entry = findEntry(this.#current(), call.source);
    const traceId = call.traceId ?? randomBytes(16).toString('hex');
    if (typeof entry === 'string') return { ...emptyAnswer(traceId), error: entry };
    return toAnswer(await this.#thread.send(toWire(call, entry, traceId, ++this.#sent), call.signal), traceId);
  };

  /** The sending thread takes longer to start than calls are handed to it ahead of their time. */
  readonly prepare = (): Promise<void> => this.#thread.start();

  close(): Promise<void> {
    return this.#thread.close();
  }
}

/** `steer` of the Replayer: pins the traces of a replay in the data plane. */
export function createSteering(
  current: () => Committed,
  pinTraces: (prefix: string, pins: TracePin[]) => Promise<void>,
): (prefix: string, target: ReplayTarget | null) => Promise<string> {
  return async (prefix, target) => {
    const pins = target === null ? [] : pinsFor(current(), target);
    if (typeof pins === 'string') return pins;
    await pinTraces(prefix, pins);
    return '';
  };
}

/** `leavesMachine` of the Replayer. */
export function createRemoteCheck(current: () => Committed): (host: string) => boolean {
  return (host) => {
    const { snapshot } = current();
    const name = host.toLowerCase();
    const service = snapshot.services.find((one) => one.fqdn === name || one.hosts.includes(name));
    // A service of another mesh is nowhere.
    if (service === undefined && name.endsWith('.svc.cluster.local')) return false;
    if (service === undefined) return snapshot.outboundTrafficPolicy === 'ALLOW_ANY' && !isLoopbackHost(name);
    if (!service.external) return false;
    const clusters = Object.values(snapshot.views).flatMap((view) => Object.values(view.clusters));
    const endpoints = clusters.filter((cluster) => cluster.service === service.fqdn).flatMap((cluster) => cluster.endpoints);
    // Without endpoints of its own it is resolved by its name.
    return endpoints.length === 0 ? !isLoopbackHost(name) : endpoints.some((endpoint) => !isLoopbackHost(endpoint.host));
  };
}

/** `reviews` or `reviews.prod`; every service of that name. */
function pinsFor({ snapshot, bound, set }: Committed, target: ReplayTarget): TracePin[] | string {
  const [name = '', namespace] = target.service.split('.');
  const isIt = (service: { name: string; namespace: string; fqdn: string }) =>
    service.fqdn === target.service || (service.name === name && (namespace === undefined || service.namespace === namespace));
  const services = snapshot.services.filter(isIt);
  if (services.length === 0) return `There is no service ${target.service}`;
  if (target.kind === 'version') {
    const workloads = describeWorkloads({ snapshot, bound, set }, () => null);
    const versions = workloads.filter((workload) =>
      services.some((s) => s.name === workload.service && s.namespace === workload.namespace),
    );
    if (!versions.some(({ version }) => version === target.version)) {
      const known = [...new Set(versions.map(({ version }) => version).filter((version) => version !== ''))].sort();
      return `No workload of ${target.service} has version ${target.version}${known.length > 0 ? `; it has ${known.join(', ')}` : ''}`;
    }
    return services.map(({ fqdn }) => ({ service: fqdn, to: { kind: 'version', version: target.version } }));
  }
  const { scheme, host, port, authority } = target;
  return services.map(({ fqdn }) => ({ service: fqdn, to: { kind: 'address', scheme, host, port, authority } }));
}

function toWire(call: ReplayCall, entry: { host: string; port: number }, traceId: string, number: number): WireCall {
  const { method, authority, path, headers, startAt, script } = call;
  return {
    ...entry,
    method,
    authority,
    path,
    headers,
    // A copy of its own: a buffer out of the pool would take the whole pool along to the other thread.
    body: new Uint8Array(call.body),
    traceId,
    spanId: rootSpanPrefix + number.toString(16).padStart(12, '0'),
    startAt: startAt === undefined ? 0 : monotonicMs(startAt),
    script:
      script === undefined
        ? null
        : {
            ...script,
            messages: script.messages.map((message) => ({ ...message, data: new Uint8Array(message.data) as Buffer })),
          },
  };
}

function toAnswer(wire: WireAnswer, traceId: string): ReplayAnswer {
  const { status, headers, trailers, durationMs, error, lagMs, messages } = wire;
  return {
    status,
    headers,
    trailers,
    body: Buffer.from(wire.body),
    traceId,
    durationMs,
    error,
    ...(lagMs === null ? {} : { lagMs }),
    ...(messages === null
      ? {}
      : { messages: messages.map((message): StreamMessage => ({ ...message, data: Buffer.from(message.data) })) }),
  };
}

function emptyAnswer(traceId: string): ReplayAnswer {
  return { status: 0, headers: [], body: Buffer.alloc(0), traceId, durationMs: 0, error: '' };
}

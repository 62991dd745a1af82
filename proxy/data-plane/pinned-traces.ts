import type { ExchangeState } from './exchange.ts';
import type { TracePin } from './messages.ts';
import { plainEndpoint } from './snapshot/plain.ts';
import type { ClusterSnapshot } from './snapshot.ts';

/** Hex digits of a trace id that a replay's traces have in common. */
const TRACE_PREFIX_LENGTH = 16;

/**
 * Calls of a replay that go elsewhere than their routes say: to one version of a service, or to an address. The control plane names them by the
 * beginning of their trace ids, 64 random bits, over the worker's own message port. There is no header for it, so nothing an app sends can ask for
 * it; it holds in every call of such a trace, for as long as the replay runs. All else stays as routed: filters, header operations, timeouts,
 * retries, mutual TLS and the callee's policies.
 */
export class PinnedTraces {
  readonly #byPrefix = new Map<string, readonly TracePin[]>();

  /** No pins: forgets the prefix. */
  set(prefix: string, pins: readonly TracePin[]): void {
    if (pins.length === 0) this.#byPrefix.delete(prefix);
    else this.#byPrefix.set(prefix, pins);
  }

  /** After routing. The Host to send instead, or '' for the one it has. */
  apply(exchange: ExchangeState, clusters: Readonly<Record<string, ClusterSnapshot>>): string {
    if (this.#byPrefix.size === 0 || exchange.cluster === null) return '';
    const pins = this.#byPrefix.get(exchange.trace.traceId.slice(0, TRACE_PREFIX_LENGTH));
    const pin = pins?.find(({ service }) => service === exchange.cluster?.service);
    if (pin === undefined) return '';
    const routed = exchange.cluster;
    const whole = clusters[`outbound|${routed.port}||${routed.service}`] ?? routed;
    exchange.cluster = pin.to.kind === 'version' ? versionOf(pin.to.version, whole, clusters) : addressOf(pin.to, whole);
    exchange.notes.push(
      `replay: ${pin.service} is ${pin.to.kind === 'version' ? `version ${pin.to.version}` : pin.to.authority}`,
    );
    return pin.to.kind === 'version' ? '' : pin.to.authority;
  }
}

/** A subset that is exactly this version keeps its own traffic policy; otherwise the service's endpoints of that version. */
function versionOf(
  version: string,
  whole: ClusterSnapshot,
  clusters: Readonly<Record<string, ClusterSnapshot>>,
): ClusterSnapshot {
  const endpoints = whole.endpoints.filter((endpoint) => endpoint.version === version);
  const isIt = (cluster: ClusterSnapshot) =>
    cluster.service === whole.service &&
    cluster.port === whole.port &&
    cluster.subset !== '' &&
    cluster.endpoints.length === endpoints.length &&
    endpoints.length > 0 &&
    cluster.endpoints.every((endpoint) => endpoint.version === version);
  const subset = Object.values(clusters).find(isIt);
  return subset ?? derived(whole, `version=${version}`, { endpoints });
}

function addressOf(to: Extract<TracePin['to'], { kind: 'address' }>, whole: ClusterSnapshot): ClusterSnapshot {
  return derived(whole, `address=${to.scheme}://${to.authority}`, {
    endpoints: [plainEndpoint(to.host, to.port)],
    discovery: 'dns',
    proxyProtocol: null,
    tls:
      to.scheme === 'http'
        ? { mode: 'disable' }
        : {
            mode: 'simple',
            sni: to.host,
            caPem: null,
            certificatePem: null,
            privateKeyPem: null,
            subjectAltNames: [],
            insecureSkipVerify: false,
          },
  });
}

function derived(whole: ClusterSnapshot, subset: string, changed: Partial<ClusterSnapshot>): ClusterSnapshot {
  return { ...whole, ...changed, name: `outbound|${whole.port}|${subset}|${whole.service}`, subset };
}

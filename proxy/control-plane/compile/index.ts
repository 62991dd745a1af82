import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { diagnose, type ResourceSet } from '../../config/index.ts';
import type { MeshSnapshot, OutboundView } from '../../data-plane/snapshot.ts';
import { CompileContext, type CompileOptions, rootNamespace } from './context.ts';
import type { PatchedProxy } from './envoy-filters/index.ts';
import { compileFaults } from './faults.ts';
import { tellBackendTlsProblems } from './gateway-api/backend-tls.ts';
import { gatewayLabels } from './gateways.ts';
import { compileProxies } from './proxies.ts';
import { compileServices } from './services.ts';
import { compileView, viewKeyOf } from './views.ts';

export type { CompileOptions } from './context.ts';

export interface CompileResult {
  snapshot: MeshSnapshot;
  /** Warnings about what compiled to nothing; an error only when a process is said to listen where our own API does (DD3009). */
  diagnostics: Diagnostic[];
}

/** A validated configuration → the frozen snapshot the data plane runs on. Pure: the same set and options give the same snapshot. */
export function compile(set: ResourceSet, options: CompileOptions): CompileResult {
  const context = new CompileContext(set, options);
  const views = compileViews(context);
  const { mesh } = context;
  const snapshot: MeshSnapshot = {
    version: options.version,
    meshName: context.meshName,
    trustDomain: context.trustDomain,
    rootNamespace,
    outboundTrafficPolicy: mesh.outboundTrafficPolicy,
    samplingPercent: mesh.tracing?.sampling ?? 100,
    captureBodyLimitBytes: mesh.capture?.bodyLimitBytes ?? 65_536,
    redact: mesh.capture?.redact ?? [],
    proxies: compileProxies(context, views),
    views,
    services: compileServices(context),
    faults: compileFaults(context),
    forbiddenUpstreams: [...(options.forbiddenUpstreams ?? [])],
    workers: mesh.dataPlane?.workers ?? 1,
  };
  refuseOwnPorts(context);
  tellBackendTlsProblems(context);
  return { snapshot, diagnostics: context.diagnostics };
}

/** One per namespace, and one more per set of DestinationRules and EnvoyFilters that concern some of its workloads only. */
function compileViews(context: CompileContext): Record<string, OutboundView> {
  const namespaces = new Set([...context.workloads.map((w) => w.service.namespace), rootNamespace]);
  const views = new Map([...namespaces].sort().map((namespace) => [namespace, compileView(context, namespace, null)]));
  const clients: PatchedProxy[] = [
    ...context.workloads.map(({ service, labels }) => ({ namespace: service.namespace, labels, kind: 'sidecar' as const })),
    { namespace: rootNamespace, labels: gatewayLabels, kind: 'gateway' },
  ];
  for (const client of clients) {
    const key = viewKeyOf(context, client);
    if (!views.has(key)) views.set(key, compileView(context, client.namespace, client));
  }
  return Object.fromEntries(views);
}

/** The control API is never a valid upstream (invariant 6); the data plane refuses the dial, here it is told at once. */
function refuseOwnPorts(context: CompileContext): void {
  const own = (context.options.forbiddenUpstreams ?? []).map((address) => Number(address.slice(address.lastIndexOf(':') + 1)));
  for (const { service, spec, path } of context.workloads) {
    const addresses: [(string | number)[], string][] = Object.entries(spec.addresses ?? {}).map(([name, a]) => [
      [...path, 'addresses', name],
      a,
    ]);
    if (spec.address !== undefined) addresses.push([[...path, 'address'], spec.address]);
    for (const [at, address] of addresses) {
      const colon = address.lastIndexOf(':');
      if (!isLoopback(address.slice(0, colon)) || !own.includes(Number(address.slice(colon + 1)))) continue;
      const message = `${address} is Drydock's own control port: it cannot be a workload.`;
      context.diagnostics.push(diagnose(service.resource, at, { code: 'DD3009', message }));
    }
  }
}

function isLoopback(host: string): boolean {
  return /^(127\.|localhost$|\[?::1\]?$|0\.0\.0\.0$)/.test(host);
}

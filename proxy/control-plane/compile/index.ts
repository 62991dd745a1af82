import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ResourceSet } from '../../config/index.ts';
import type { MeshSnapshot } from '../../data-plane/snapshot.ts';
import { CompileContext, type CompileOptions, rootNamespace } from './context.ts';
import { compileFaults } from './faults.ts';
import { compileProxies } from './proxies.ts';
import { compileServices } from './services.ts';
import { compileView } from './views.ts';

export type { CompileOptions } from './context.ts';

export interface CompileResult {
  snapshot: MeshSnapshot;
  /** Warnings about what compiled to nothing; never errors: `validate` has found those. */
  diagnostics: Diagnostic[];
}

/** A validated configuration → the frozen snapshot the data plane runs on. Pure: the same set and options give the same snapshot. */
export function compile(set: ResourceSet, options: CompileOptions): CompileResult {
  const context = new CompileContext(set, options);
  const namespaces = new Set([...context.workloads.map((w) => w.service.namespace), rootNamespace]);
  const views = Object.fromEntries([...namespaces].sort().map((namespace) => [namespace, compileView(context, namespace)]));
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
  };
  return { snapshot, diagnostics: context.diagnostics };
}

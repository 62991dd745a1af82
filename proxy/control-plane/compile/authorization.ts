import { type ParsedResource, refOf } from '../../config/index.ts';
import type { AuthorizationPolicySpec, PolicyTargetRef, SelectorSpec } from '../../config/kinds/istio-types.ts';
import type {
  AuthorizationPolicySnapshot,
  AuthorizationRule,
  AuthorizationSnapshot,
  OperationMatch,
  SourceMatch,
} from '../../data-plane/snapshot.ts';
import { type CompileContext, rootNamespace, selects } from './context.ts';
import { compileExtAuthzProvider } from './ext-authz.ts';

/** Whose policies are asked for. */
export interface PolicyTarget {
  namespace: string;
  labels: Readonly<Record<string, string>>;
  /** Gateways this proxy serves, as `namespace/name`; their policies may come by targetRefs. */
  gateways?: readonly string[];
  /** A policy's port may be the app's own, as in a cluster; it then means the service port in front of it. */
  port?: { service: number; app: number; declared: readonly number[] };
}

/** Scope of a security policy: the root namespace and the workload's own, narrowed by selector or targetRefs. */
export function appliesTo(
  resource: ParsedResource,
  spec: { selector?: SelectorSpec; targetRef?: PolicyTargetRef; targetRefs?: PolicyTargetRef[] },
  target: PolicyTarget,
): boolean {
  const refs = spec.targetRefs ?? (spec.targetRef ? [spec.targetRef] : []);
  if (refs.length > 0) {
    return refs.some((r) => r.kind === 'Gateway' && target.gateways?.includes(`${r.namespace ?? resource.namespace}/${r.name}`));
  }
  if (resource.namespace !== rootNamespace && resource.namespace !== target.namespace) return false;
  return selects(spec.selector?.matchLabels, target.labels);
}

/** Every AuthorizationPolicy in force for one port, by action. */
export function compileAuthorization(context: CompileContext, target: PolicyTarget): AuthorizationSnapshot {
  const snapshot: AuthorizationSnapshot = { custom: [], audit: [], deny: [], allow: [], providers: {} };
  for (const { resource } of context.set.list('AuthorizationPolicy')) {
    const spec = resource.spec as AuthorizationPolicySpec;
    if (!appliesTo(resource, spec, target)) continue;
    const action = spec.action ?? 'ALLOW';
    const policy: AuthorizationPolicySnapshot = {
      resource: refOf(resource),
      action,
      provider: spec.provider?.name ?? '',
      dryRun: isDryRun(resource),
      rules: compileRules(spec, target.port),
    };
    snapshot[action.toLowerCase() as 'custom' | 'audit' | 'deny' | 'allow'].push(policy);
    if (action !== 'CUSTOM') continue;
    const provider = compileExtAuthzProvider(context, policy.provider);
    if (provider !== null) snapshot.providers[policy.provider] = provider;
  }
  return snapshot;
}

function isDryRun(resource: ParsedResource): boolean {
  const annotations = resource.metadata.annotations as Record<string, unknown> | undefined;
  // strconv.ParseBool, as istiod reads it.
  return /^(1|t|T|true|TRUE|True)$/.test(String(annotations?.['istio.io/dry-run'] ?? ''));
}

const sourceFields = ['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'ipBlocks', 'remoteIpBlocks'] as const;
const operationFields = ['hosts', 'ports', 'methods', 'paths'] as const;
type Negative<F extends string> = `not${Capitalize<F>}`;
const negative = (field: string): string => `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
/** As they stand: what an HTTP field means on an opaque port is decided where it is judged, so that rules keep their numbers. */
function compileRules(spec: AuthorizationPolicySpec, port: PolicyTarget['port']): AuthorizationRule[] {
  const servicePort = (value: string): string =>
    port !== undefined && value === String(port.app) && !port.declared.includes(port.app) ? String(port.service) : value;
  return (spec.rules ?? []).map((rule) => {
    const from = (rule.from ?? []).map((f) => sourceMatch(f.source ?? {}));
    const to = (rule.to ?? [])
      .map((t) => operationMatch(t.operation ?? {}))
      .map((m) => ({ ...m, ports: m.ports.map(servicePort), notPorts: m.notPorts.map(servicePort) }));
    const when = (rule.when ?? []).map((w) => ({ key: w.key, values: w.values ?? [], notValues: w.notValues ?? [] }));
    return { from, to, when };
  });
}

type Lists = Partial<Record<string, string[]>>;

function sourceMatch(source: Lists): SourceMatch {
  return pickLists(source, sourceFields);
}
function operationMatch(operation: Lists): OperationMatch {
  return pickLists(operation, operationFields);
}
/** Each field and its negation; what is not there is empty. */
function pickLists<F extends string>(value: Lists, fields: readonly F[]): Record<F | Negative<F>, string[]> {
  const lists = fields.flatMap((field) => [field, negative(field)]).map((field) => [field, value[field] ?? []]);
  return Object.fromEntries(lists) as Record<F | Negative<F>, string[]>;
}

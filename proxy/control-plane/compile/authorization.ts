import type { ServiceProtocol } from '../../api/mesh.schema.ts';
import { type ParsedResource, refOf } from '../../config/index.ts';
import type { AuthorizationPolicySpec, PolicyTargetRef, SelectorSpec } from '../../config/kinds/istio-types.ts';
import type {
  AuthorizationPolicySnapshot,
  AuthorizationRule,
  AuthorizationSnapshot,
  ExtAuthzProvider,
  OperationMatch,
  SourceMatch,
} from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { type CompileContext, rootNamespace, selects } from './context.ts';

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
export function compileAuthorization(
  context: CompileContext,
  target: PolicyTarget,
  protocol: ServiceProtocol,
): AuthorizationSnapshot {
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
      rules: compileRules(spec, action, protocol, target.port),
    };
    snapshot[action.toLowerCase() as 'custom' | 'audit' | 'deny' | 'allow'].push(policy);
    if (action === 'CUSTOM') addProvider(context, snapshot.providers, policy.provider);
  }
  return snapshot;
}

function isDryRun(resource: ParsedResource): boolean {
  const annotations = resource.metadata.annotations as Record<string, unknown> | undefined;
  return String(annotations?.['istio.io/dry-run'] ?? '') === 'true';
}

const sourceFields = ['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'ipBlocks', 'remoteIpBlocks'] as const;
const operationFields = ['hosts', 'ports', 'methods', 'paths'] as const;
const negative = (field: string): string => `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
/** Fields that only HTTP can answer. */
const httpFields = new Set([
  'requestPrincipals',
  'notRequestPrincipals',
  'remoteIpBlocks',
  'notRemoteIpBlocks',
  'hosts',
  'notHosts',
  'methods',
  'notMethods',
  'paths',
  'notPaths',
]);
const httpCondition = /^(request\.|remote\.ip|experimental\.)/;

function compileRules(
  spec: AuthorizationPolicySpec,
  action: string,
  protocol: ServiceProtocol,
  port: PolicyTarget['port'],
): AuthorizationRule[] {
  const servicePort = (value: string): string =>
    port !== undefined && value === String(port.app) && !port.declared.includes(port.app) ? String(port.service) : value;
  return (spec.rules ?? []).flatMap((rule) => {
    const from = (rule.from ?? []).map((f) => sourceMatch(f.source ?? {}));
    const to = (rule.to ?? [])
      .map((t) => operationMatch(t.operation ?? {}))
      .map((m) => ({ ...m, ports: m.ports.map(servicePort), notPorts: m.notPorts.map(servicePort) }));
    const when = (rule.when ?? []).map((w) => ({ key: w.key, values: w.values ?? [], notValues: w.notValues ?? [] }));
    const compiled = { from, to, when };
    return protocol === 'tcp' ? forTcp(compiled, action) : [compiled];
  });
}

/** On a TCP port an HTTP-only field makes an ALLOW rule vanish (so it denies) and drops out of a DENY rule (so it widens). */
function forTcp(rule: AuthorizationRule, action: string): AuthorizationRule[] {
  const usesHttp =
    [...rule.from, ...rule.to].some((m) => Object.entries(m).some(([k, v]) => httpFields.has(k) && v.length > 0)) ||
    rule.when.some((w) => httpCondition.test(w.key));
  if (!usesHttp) return [rule];
  if (action === 'ALLOW') return [];
  const strip = <T extends object>(match: T): T =>
    Object.fromEntries(Object.entries(match).map(([k, v]) => [k, httpFields.has(k) ? [] : v])) as T;
  return [{ from: rule.from.map(strip), to: rule.to.map(strip), when: rule.when.filter((w) => !httpCondition.test(w.key)) }];
}

type Lists = Partial<Record<string, string[]>>;

function sourceMatch(source: Lists): SourceMatch {
  return pickLists(source, sourceFields) as unknown as SourceMatch;
}
function operationMatch(operation: Lists): OperationMatch {
  return pickLists(operation, operationFields) as unknown as OperationMatch;
}
function pickLists(value: Lists, fields: readonly string[]): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const field of fields) {
    out[field] = value[field] ?? [];
    out[negative(field)] = value[negative(field)] ?? [];
  }
  return out;
}

/** Istio's meshConfig.extensionProviders[].envoyExtAuthzHttp. */
interface ProviderSpec {
  name?: string;
  envoyExtAuthzHttp?: {
    service?: string;
    port?: number;
    pathPrefix?: string;
    timeout?: string;
    failOpen?: boolean;
    statusOnError?: string;
    includeRequestHeadersInCheck?: string[];
    headersToUpstreamOnAllow?: string[];
    headersToDownstreamOnDeny?: string[];
  };
}

function addProvider(context: CompileContext, providers: Record<string, ExtAuthzProvider>, name: string): void {
  const spec = (context.mesh.extensionProviders as ProviderSpec[] | undefined)?.find((p) => p.name === name);
  const http = spec?.envoyExtAuthzHttp;
  if (!http?.service || !http.port) return;
  const host = http.service.includes('/') ? http.service.slice(http.service.indexOf('/') + 1) : http.service;
  providers[name] = {
    name,
    url: `http://${host}:${http.port}`,
    pathPrefix: http.pathPrefix ?? '',
    timeoutMs: (http.timeout === undefined ? null : parseDurationMs(http.timeout)) || 600_000,
    failOpen: http.failOpen ?? false,
    statusOnError: Number(http.statusOnError) || 403,
    includeRequestHeadersInCheck: http.includeRequestHeadersInCheck ?? [],
    headersToUpstreamOnAllow: http.headersToUpstreamOnAllow ?? [],
    headersToDownstreamOnDeny: http.headersToDownstreamOnDeny ?? [],
  };
}

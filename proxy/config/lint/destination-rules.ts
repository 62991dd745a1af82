import { nearest } from '../../shared/nearest.ts';
import type { KnownService } from '../hosts.ts';
import type { DestinationRuleSpec, PeerAuthenticationSpec } from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { type LintContext, matchesLabels, policyBlocks } from './lint-context.ts';

export function lintDestinationRules(context: LintContext): void {
  const first = new Map<string, ParsedResource>();
  for (const resource of context.resources('DestinationRule')) {
    const spec = resource.spec as DestinationRuleSpec;
    const selector = spec.workloadSelector?.matchLabels;
    const callers = context.workloads.filter((w) => w.service.namespace === resource.namespace);
    if (spec.workloadSelector && !callers.some((w) => matchesLabels(selector, w.labels))) {
      context.warn(
        resource,
        ['spec', 'workloadSelector'],
        'DD4033',
        `No workload of ${resource.namespace} has these labels: the rule is nobody's, and hides the service's own from that namespace.`,
        'A workloadSelector picks callers, in the namespace of the rule.',
      );
    }
    lintCredentials(context, resource, spec);
    if (spec.host.includes('*')) continue;
    const service = context.hosts.find(spec.host, resource.namespace);
    if (!service) {
      const meant = nearest(spec.host, context.hosts.names(resource.namespace));
      context.warn(
        resource,
        ['spec', 'host'],
        'DD4006',
        `No service is called \`${spec.host}\`: this rule applies to nothing.`,
        meant ? `Did you mean \`${meant}\`?` : undefined,
      );
      continue;
    }
    const key = JSON.stringify([resource.namespace, service.fqdn, selector ?? null]);
    const older = first.get(key);
    if (older && spec.trafficPolicy && (older.spec as DestinationRuleSpec).trafficPolicy) {
      context.warn(
        resource,
        ['spec', 'trafficPolicy'],
        'DD4029',
        `${older.name} (${older.file}:${older.line}) has the same host: subsets merge, but its trafficPolicy is kept and this one is ignored.`,
      );
    } else if (!older) first.set(key, resource);
    if (service.external) continue;
    lintSubsets(context, resource, spec, service);
    lintOutlierDetection(context, resource, spec, service);
    lintPortSettings(context, resource, spec);
    lintTls(context, resource, spec, service);
  }
  lintHiddenRules(context);
}

function lintSubsets(context: LintContext, resource: ParsedResource, spec: DestinationRuleSpec, service: KnownService): void {
  const workloads = context.workloadsOf(service);
  for (const [i, subset] of (spec.subsets ?? []).entries()) {
    if (workloads.some((w) => matchesLabels(subset.labels, w.labels))) continue;
    const versions = [...new Set(workloads.map((w) => w.version).filter(Boolean))];
    context.warn(
      resource,
      ['spec', 'subsets', i],
      'DD4005',
      `No workload of ${service.name} has the labels of subset \`${subset.name}\`: requests for it get 503 (UH).`,
      versions.length > 0 ? `Versions there are: ${versions.join(', ')}.` : undefined,
    );
  }
}

/** Envoy ejects only while 100·(ejected+1)/hosts ≤ maxEjectionPercent: with 10 % a pool needs ten hosts. */
function lintOutlierDetection(
  context: LintContext,
  resource: ParsedResource,
  spec: DestinationRuleSpec,
  service: KnownService,
): void {
  for (const { policy, path, subset } of policyBlocks(spec)) {
    const outlier = policy.outlierDetection;
    if (!outlier) continue;
    const labels = spec.subsets?.find((s) => s.name === subset)?.labels;
    const hosts = context.workloadsOf(service).filter((w) => matchesLabels(labels, w.labels)).length;
    const percent = outlier.maxEjectionPercent || 10;
    if (hosts > 0 && 100 / hosts > percent) {
      context.warn(
        resource,
        [...path, 'outlierDetection'],
        'DD4010',
        `${percent} % of ${hosts} ${hosts === 1 ? 'host' : 'hosts'} is less than one: no host can ever be ejected.`,
        'Set maxEjectionPercent: 100.',
      );
    }
    if (outlier.consecutive5xxErrors === 0 && !outlier.consecutiveGatewayErrors && !outlier.splitExternalLocalOriginErrors) {
      context.warn(
        resource,
        [...path, 'outlierDetection', 'consecutive5xxErrors'],
        'DD4034',
        '0 switches the only active detector off: nothing is ejected.',
      );
    }
  }
}

function lintPortSettings(context: LintContext, resource: ParsedResource, spec: DestinationRuleSpec): void {
  const policy = spec.trafficPolicy;
  for (const [i, port] of (policy?.portLevelSettings ?? []).entries()) {
    const lost = (['loadBalancer', 'connectionPool', 'outlierDetection', 'tls'] as const).filter((k) => policy?.[k] && !port[k]);
    if (lost.length === 0) continue;
    context.warn(
      resource,
      ['spec', 'trafficPolicy', 'portLevelSettings', i],
      'DD4027',
      `Port-level settings replace the whole policy: ${lost.join(', ')} above do not apply to port ${port.port?.number}.`,
      'Repeat them here.',
    );
  }
}

function lintTls(context: LintContext, resource: ParsedResource, spec: DestinationRuleSpec, service: KnownService): void {
  const strict = context
    .resources('PeerAuthentication')
    .some(
      (p) =>
        ['istio-system', service.namespace].includes(p.namespace) &&
        (p.spec as PeerAuthenticationSpec)?.mtls?.mode === 'STRICT' &&
        !(p.spec as PeerAuthenticationSpec).selector,
    );
  for (const { policy, path } of policyBlocks(spec)) {
    const mode = policy.tls ? (policy.tls.mode ?? 'DISABLE') : null;
    if (strict && mode !== null && mode !== 'ISTIO_MUTUAL') {
      context.warn(
        resource,
        [...path, 'tls'],
        'DD4040',
        `${service.name} accepts only mutual TLS (STRICT), but its callers are told to use ${mode}: every call fails.`,
        'Remove tls, or set mode: ISTIO_MUTUAL.',
      );
    }
  }
}

/** Gateways may have Secrets, sidecars only by a rule that selects them. */
function lintCredentials(context: LintContext, resource: ParsedResource, spec: DestinationRuleSpec): void {
  if (spec.workloadSelector || context.workloads.length === 0) return;
  for (const { policy, path } of policyBlocks(spec)) {
    const { mode, credentialName } = policy.tls ?? {};
    if (!credentialName || credentialName.startsWith('configmap://') || (mode !== 'SIMPLE' && mode !== 'MUTUAL')) continue;
    context.warn(
      resource,
      [...path, 'tls', 'credentialName'],
      'DD4054',
      'Gateways use this Secret; sidecars do not, and call the service in plaintext.',
      'Add a workloadSelector that picks the callers, or name files: clientCertificate, privateKey, caCertificates.',
    );
  }
}

/** A rule in the callers' namespace wins whole and hides the service's own. */
function lintHiddenRules(context: LintContext): void {
  const rules = context.resources('DestinationRule').map((resource) => ({
    resource,
    service: context.hosts.find((resource.spec as DestinationRuleSpec).host, resource.namespace),
  }));
  for (const { resource, service } of rules) {
    if (!service || service.external || resource.namespace === service.namespace || resource.namespace === 'istio-system')
      continue;
    const own = rules.find((r) => r.service === service && r.resource.namespace === service.namespace);
    if (!own) continue;
    context.warn(
      resource,
      ['spec', 'host'],
      'DD4025',
      `For callers in ${resource.namespace} this rule replaces ${own.resource.namespace}/${own.resource.name} whole, subsets included.`,
      'Repeat what those callers need, or change the service’s own rule.',
    );
  }
}

import type {
  AuthorizationPolicySpec,
  PeerAuthenticationSpec,
  RequestAuthenticationSpec,
  SelectorSpec,
} from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { type LintContext, matchesLabels } from './lint-context.ts';

export function lintSecurity(context: LintContext): void {
  for (const kind of ['PeerAuthentication', 'AuthorizationPolicy', 'RequestAuthentication']) {
    for (const resource of context.resources(kind)) lintScope(context, resource);
  }
  lintSecondPeerAuthentication(context);
  for (const resource of context.resources('AuthorizationPolicy')) lintAuthorizationPolicy(context, resource);
  lintOpenJwt(context);
}

function selectorOf(resource: ParsedResource): SelectorSpec | undefined {
  return (resource.spec as { selector?: SelectorSpec }).selector;
}

function reaches(context: LintContext, resource: ParsedResource) {
  return context.workloads.filter(
    (w) =>
      (resource.namespace === 'istio-system' || w.service.namespace === resource.namespace) &&
      matchesLabels(selectorOf(resource)?.matchLabels, w.labels),
  );
}

function lintScope(context: LintContext, resource: ParsedResource): void {
  const labels = selectorOf(resource)?.matchLabels ?? {};
  if (context.workloads.length === 0 || reaches(context, resource).length > 0) return;
  const gateway = labels.istio === 'ingressgateway' && resource.namespace === 'istio-system';
  if (gateway) return;
  const selected = Object.keys(labels).length > 0;
  context.warn(
    resource,
    selected ? ['spec', 'selector', 'matchLabels'] : ['metadata', 'namespace'],
    'DD4020',
    selected
      ? 'No workload has these labels: the policy applies to nothing.'
      : `No workload is in namespace ${resource.namespace}: the policy applies to nothing.`,
  );
}

/** Of two policies of one scope the older wins, silently. */
function lintSecondPeerAuthentication(context: LintContext): void {
  const first = new Map<string, ParsedResource>();
  for (const resource of context.resources('PeerAuthentication')) {
    const labels = (resource.spec as PeerAuthenticationSpec)?.selector?.matchLabels ?? {};
    const key = `${resource.namespace}|${JSON.stringify(Object.entries(labels).sort())}`;
    const older = first.get(key);
    if (!older) first.set(key, resource);
    else {
      context.warn(
        resource,
        ['metadata', 'name'],
        'DD4028',
        `${older.name} (${older.file}:${older.line}) is older and has the same scope: this one is ignored.`,
      );
    }
  }
}

const httpOnly = {
  source: ['requestPrincipals', 'notRequestPrincipals', 'remoteIpBlocks', 'notRemoteIpBlocks'],
  operation: ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'],
};

function lintAuthorizationPolicy(context: LintContext, resource: ParsedResource): void {
  const spec = resource.spec as AuthorizationPolicySpec;
  const action = spec.action ?? 'ALLOW';
  if (action === 'ALLOW' && !spec.rules?.length) {
    context.inform(
      resource,
      ['spec'],
      'DD4021',
      'ALLOW without rules matches nothing, so every request is denied.',
      'Write rules: [{}] to allow everything.',
    );
  }
  if (action === 'AUDIT')
    context.inform(resource, ['spec', 'action'], 'DD4035', 'AUDIT only marks requests; nothing is refused.');
  const tcp = reaches(context, resource).find((w) => w.service.ports.some((p) => p.protocol === 'tcp'));
  for (const [i, rule] of (spec.rules ?? []).entries()) {
    for (const [j, from] of (rule.from ?? []).entries()) {
      for (const field of ['principals', 'notPrincipals'] as const) {
        for (const [k, value] of (from.source?.[field] ?? []).entries()) {
          if (value.startsWith('spiffe://')) {
            context.warn(
              resource,
              ['spec', 'rules', i, 'from', j, 'source', field, k],
              'DD4022',
              'A principal is written without spiffe://: this never matches.',
              `Write ${value.slice(9)}.`,
            );
          }
        }
      }
    }
    const usesHttp =
      (rule.from ?? []).some((f) => httpOnly.source.some((k) => f.source?.[k]?.length)) ||
      (rule.to ?? []).some((t) => httpOnly.operation.some((k) => t.operation?.[k]?.length));
    if (tcp && usesHttp && action !== 'CUSTOM') {
      const effect =
        action === 'ALLOW'
          ? 'the rule is dropped there, so it denies'
          : 'those fields are dropped there, so the rule refuses more';
      context.warn(
        resource,
        ['spec', 'rules', i],
        'DD4024',
        `HTTP fields mean nothing on the tcp port of ${tcp.service.name}: ${effect}.`,
      );
    }
  }
}

/** A token is checked when there is one; requests without pass unless an AuthorizationPolicy asks for one. */
function lintOpenJwt(context: LintContext): void {
  const asks = context
    .resources('AuthorizationPolicy')
    .some((r) => JSON.stringify(r.spec).match(/requestPrincipals|notRequestPrincipals|request\.auth/i));
  if (asks) return;
  for (const resource of context.resources('RequestAuthentication')) {
    if (!(resource.spec as RequestAuthenticationSpec).jwtRules?.length) continue;
    context.warn(
      resource,
      ['spec', 'jwtRules'],
      'DD4041',
      'Requests without a token pass: RequestAuthentication only refuses bad ones.',
      'Add an AuthorizationPolicy with notRequestPrincipals: ["*"] and action DENY.',
    );
  }
}

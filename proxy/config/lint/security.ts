import type { Path } from '../diagnostics.ts';
import type {
  AuthorizationPolicySpec,
  PeerAuthenticationSpec,
  RequestAuthenticationSpec,
  SelectorSpec,
} from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { lintAuthorizationRules, reaches } from './authorization.ts';
import type { LintContext } from './lint-context.ts';

export function lintSecurity(context: LintContext): void {
  for (const kind of ['PeerAuthentication', 'AuthorizationPolicy', 'RequestAuthentication']) {
    for (const resource of context.resources(kind)) lintScope(context, resource);
  }
  lintSecondPeerAuthentication(context);
  for (const resource of context.resources('AuthorizationPolicy')) lintAuthorizationPolicy(context, resource);
  lintAuthorizationRules(context);
  lintOpenJwt(context);
}

function selectorOf(resource: ParsedResource): SelectorSpec | undefined {
  return (resource.spec as { selector?: SelectorSpec }).selector;
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
  source: ['requestPrincipals', 'notRequestPrincipals'],
  operation: ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'],
};

function warnOfScheme(context: LintContext, resource: ParsedResource, path: Path, value: string): void {
  const message = 'A principal is written without spiffe://: this never matches.';
  context.warn(resource, path, 'DD4022', message, `Write ${value.slice('spiffe://'.length)}.`);
}

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
            warnOfScheme(context, resource, ['spec', 'rules', i, 'from', j, 'source', field, k], value);
          }
        }
      }
    }
    for (const [j, when] of (rule.when ?? []).entries()) {
      for (const field of ['values', 'notValues'] as const) {
        for (const [k, value] of (when.key === 'source.principal' ? (when[field] ?? []) : []).entries()) {
          if (value.startsWith('spiffe://')) warnOfScheme(context, resource, ['spec', 'rules', i, 'when', j, field, k], value);
        }
      }
    }
    const usesHttp =
      (rule.from ?? []).some((f) => httpOnly.source.some((k) => f.source?.[k]?.length)) ||
      (rule.to ?? []).some((t) => httpOnly.operation.some((k) => t.operation?.[k]?.length)) ||
      (rule.when ?? []).some((w) => w.key.startsWith('request.'));
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

/** A token is checked when there is one; requests without pass unless an AuthorizationPolicy for the same workloads asks for one. */
function lintOpenJwt(context: LintContext): void {
  const asking = context
    .resources('AuthorizationPolicy')
    .filter((r) => /requestPrincipals|notRequestPrincipals|request\.auth/i.test(JSON.stringify(r.spec)));
  for (const resource of context.resources('RequestAuthentication')) {
    if (!(resource.spec as RequestAuthenticationSpec).jwtRules?.length) continue;
    const reached = reaches(context, resource);
    const asked = asking.some((policy) => {
      const judged = reaches(context, policy);
      return reached.length === 0 || judged.length === 0 || judged.some((workload) => reached.includes(workload));
    });
    if (asked) continue;
    context.warn(
      resource,
      ['spec', 'jwtRules'],
      'DD4041',
      'Requests without a token pass: RequestAuthentication only refuses bad ones.',
      'Add an AuthorizationPolicy with notRequestPrincipals: ["*"] and action DENY.',
    );
  }
}

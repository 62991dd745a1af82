import type { ResourceRef } from '../../../api/diagnostic.schema.ts';
import type { ExchangeState, PolicyOutcome, RouteFilter } from '../../exchange.ts';
import type { AuthorizationPolicySnapshot, AuthorizationSnapshot } from '../../snapshot.ts';
import { brokenCustom, brokenCustomReason } from '../custom-providers.ts';
import { type AuthorizationInput, type CompiledRule, compileRule, ruleMatch, ruleMatches, ruleMismatch } from './compile-rule.ts';

/*
 * AuthorizationPolicy, in Istio's order: AUDIT notes, any DENY hit refuses, then, when at least one ALLOW policy applies, one must match.
 * Dry-run policies are judged and reported, never enforced. https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */

interface PreparedRule {
  /** `ns[default]-policy[deny-all]-rule[0]` */
  id: string;
  resource: ResourceRef;
  rule: CompiledRule;
}
interface PreparedAction {
  policies: AuthorizationPolicySnapshot[];
  /** In the order Envoy tries them: its policy map is sorted by id. */
  rules: PreparedRule[];
}
export interface PreparedAuthorization {
  audit: PreparedAction;
  deny: PreparedAction;
  denyDryRun: PreparedAction;
  allow: PreparedAction;
  allowDryRun: PreparedAction;
}

export interface AuthorizationDecision {
  allowed: boolean;
  /** %RESPONSE_CODE_DETAILS% of a refusal, '' when allowed. */
  details: string;
  outcomes: PolicyOutcome[];
}

export function prepareAuthorization(authorization: AuthorizationSnapshot, tcp: boolean): PreparedAuthorization {
  const action = (policies: AuthorizationPolicySnapshot[], dryRun: boolean) =>
    prepareAction(
      policies.filter((policy) => policy.dryRun === dryRun),
      tcp,
    );
  return {
    audit: prepareAction(authorization.audit, tcp),
    deny: action(authorization.deny, false),
    denyDryRun: action(authorization.deny, true),
    allow: action(authorization.allow, false),
    allowDryRun: action(authorization.allow, true),
  };
}

export function prepareAction(policies: AuthorizationPolicySnapshot[], tcp: boolean): PreparedAction {
  const rules: PreparedRule[] = [];
  for (const policy of policies) {
    const context = { policyNamespace: policy.resource.namespace, tcp, dropsRule: policy.action === 'ALLOW' };
    policy.rules.forEach((rule, index) => {
      const compiled = compileRule(rule, context);
      if (compiled === null) return;
      const id = `ns[${policy.resource.namespace}]-policy[${policy.resource.name}]-rule[${index}]`;
      rules.push({ id, resource: { ...policy.resource, path: `spec.rules[${index}]` }, rule: compiled });
    });
  }
  rules.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { policies, rules };
}

export function firstMatch(action: PreparedAction, input: AuthorizationInput): PreparedRule | undefined {
  return action.rules.find(({ rule }) => ruleMatches(rule, input));
}

/** Judges one request or connection. `verbose` also lists the policies that had nothing to say, for explain. */
export function authorize(prepared: PreparedAuthorization, input: AuthorizationInput, verbose = false): AuthorizationDecision {
  const outcomes: PolicyOutcome[] = [];
  const report = (rule: PreparedRule, outcome: PolicyOutcome['outcome'], reason: string) =>
    outcomes.push({ resource: rule.resource, outcome, reason });

  for (const rule of prepared.audit.rules) if (ruleMatches(rule.rule, input)) report(rule, 'audited', 'an AUDIT rule matches');
  const shadowDeny = firstMatch(prepared.denyDryRun, input);
  if (shadowDeny !== undefined)
    report(shadowDeny, 'shadow-denied', `a dry-run DENY rule matches: ${ruleMatch(shadowDeny.rule, input)}`);
  judgeDryRunAllow(prepared.allowDryRun, input, outcomes);

  const denied = firstMatch(prepared.deny, input);
  if (denied !== undefined) {
    report(denied, 'denied', `a DENY rule matches: ${ruleMatch(denied.rule, input)}`);
    return { allowed: false, details: accessDenied(denied.id), outcomes };
  }
  if (verbose) outcomes.push(...mismatches(prepared.deny, input, 'not-matched'));
  if (prepared.allow.policies.length === 0) return { allowed: true, details: '', outcomes };

  const allowed = firstMatch(prepared.allow, input);
  if (allowed !== undefined) {
    report(allowed, 'allowed', 'an ALLOW rule matches');
    return { allowed: true, details: '', outcomes };
  }
  outcomes.push(...mismatches(prepared.allow, input, 'denied'));
  return { allowed: false, details: accessDenied('none'), outcomes };
}

function judgeDryRunAllow(action: PreparedAction, input: AuthorizationInput, outcomes: PolicyOutcome[]): void {
  if (action.policies.length === 0) return;
  const match = firstMatch(action, input);
  if (match === undefined) outcomes.push(...mismatches(action, input, 'shadow-denied'));
  else outcomes.push({ resource: match.resource, outcome: 'shadow-allowed', reason: 'a dry-run ALLOW rule matches' });
}

/** Each policy once, with why its rules did not match. */
function mismatches(action: PreparedAction, input: AuthorizationInput, outcome: PolicyOutcome['outcome']): PolicyOutcome[] {
  return action.policies.map((policy) => {
    const own = action.rules.filter(
      ({ resource }) => resource.name === policy.resource.name && resource.namespace === policy.resource.namespace,
    );
    const reasons = own.map(({ rule, resource }) => `${resource.path?.slice('spec.'.length)}: ${ruleMismatch(rule, input)}`);
    const none =
      policy.rules.length === 0
        ? 'it has no rules, so it never matches: rules: [{}] would allow everything'
        : 'its rules do not apply to TCP: they have HTTP fields, which drop an ALLOW rule there';
    return { resource: policy.resource, outcome, reason: reasons.length === 0 ? none : reasons.join('; ') };
  });
}

/** Envoy replaces whitespace, which would break access log columns. */
function accessDenied(policy: string): string {
  return `rbac_access_denied_matched_policy[${policy.replace(/\s/g, '_')}]`;
}

export function authorizationInput(exchange: ExchangeState): AuthorizationInput {
  return { connection: exchange.downstream.connection, port: exchange.port, http: exchange, jwt: exchange.jwt };
}

/** Null when the port has no AUDIT, DENY or ALLOW policy. */
export function createRbacFilter(authorization: AuthorizationSnapshot): RouteFilter | null {
  if (authorization.audit.length + authorization.deny.length + authorization.allow.length === 0) return null;
  const prepared = prepareAuthorization(authorization, false);
  return (exchange) => {
    const decision = authorize(prepared, authorizationInput(exchange));
    if (decision.outcomes.length > 0) exchange.policies.push(...decision.outcomes);
    if (decision.allowed) return undefined;
    return { status: 403, body: 'RBAC: access denied', flag: '', details: decision.details };
  };
}

/**
 * The TCP form: a refused connection is closed. An ext_authz service of HTTP is not asked about connections; a CUSTOM policy whose provider
 * does not exist, or several of them, refuses what it matches (istiod: Builder.buildTCP). Null when nothing applies.
 */
export function createConnectionAuthorizer(
  authorization: AuthorizationSnapshot,
): ((connection: AuthorizationInput['connection'], port: number) => AuthorizationDecision) | null {
  const { audit, deny, allow } = authorization;
  const custom = prepareAction(brokenCustom(authorization), true);
  if (custom.rules.length + audit.length + deny.length + allow.length === 0) return null;
  const prepared = prepareAuthorization(authorization, true);
  return (connection, port) => {
    const broken = firstMatch(custom, { connection, port, http: null, jwt: null });
    if (broken === undefined) return authorizeConnection(prepared, connection, port);
    const outcomes: PolicyOutcome[] = [
      { resource: broken.resource, outcome: 'denied', reason: brokenCustomReason(authorization) },
    ];
    return { allowed: false, details: accessDenied(`${broken.id}-deny-due-to-bad-CUSTOM-action`), outcomes };
  };
}

function authorizeConnection(
  prepared: PreparedAuthorization,
  connection: AuthorizationInput['connection'],
  port: number,
): AuthorizationDecision {
  return authorize(prepared, { connection, port, http: null, jwt: null });
}

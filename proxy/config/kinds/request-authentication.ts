import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { RequestAuthenticationSpec } from './istio-types.ts';

/** What istiod's ValidateRequestAuthentication refuses beyond the schema. */
export function checkRequestAuthentication(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as RequestAuthenticationSpec;
  if (spec.selector && (spec.targetRef || spec.targetRefs?.length))
    check.error(['spec', 'selector'], 'Either selector or targetRefs.');
  for (const [i, rule] of (spec.jwtRules ?? []).entries()) {
    const path = ['spec', 'jwtRules', i];
    const uri = rule.jwksUri ?? rule.jwks_uri;
    if (!rule.issuer) check.error([...path, 'issuer'], 'A JWT rule needs an issuer.');
    if (rule.jwks && uri) check.error([...path, 'jwks'], 'Either jwks or jwksUri.');
    if (uri !== undefined && !/^https?:\/\/[^\s/]+/.test(uri))
      check.error([...path, 'jwksUri'], `\`${uri}\` is not an http(s) URL.`);
    if (rule.jwks) {
      const problem = jwksProblem(rule.jwks);
      if (problem) check.error([...path, 'jwks'], problem);
    }
    for (const [j, header] of (rule.fromHeaders ?? []).entries()) {
      if (!header.name) check.error([...path, 'fromHeaders', j], 'A header location needs a name.');
    }
    for (const [j, output] of (rule.outputClaimToHeaders ?? []).entries()) {
      if (!output.header || !output.claim) check.error([...path, 'outputClaimToHeaders', j], 'Both header and claim are needed.');
    }
  }
  return check.diagnostics;
}

function jwksProblem(text: string): string | null {
  try {
    const keys = (JSON.parse(text) as { keys?: unknown }).keys;
    return Array.isArray(keys) ? null : 'jwks has no list `keys`.';
  } catch (error) {
    return `jwks is not JSON: ${(error as Error).message}.`;
  }
}

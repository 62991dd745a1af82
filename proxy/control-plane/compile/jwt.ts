import type { RequestAuthenticationSpec } from '../../config/kinds/istio-types.ts';
import type { JwtSnapshot } from '../../data-plane/snapshot.ts';
import { appliesTo, type PolicyTarget } from './authorization.ts';
import { type CompileContext, originOf } from './context.ts';

/** JWT rules of every RequestAuthentication in force; rules are alternatives. */
export function compileJwt(context: CompileContext, target: PolicyTarget): JwtSnapshot[] {
  return context.set.list('RequestAuthentication').flatMap(({ resource }) => {
    const spec = resource.spec as RequestAuthenticationSpec;
    if (!appliesTo(resource, spec, target)) return [];
    return (spec.jwtRules ?? []).map((rule, i) => ({
      resource: originOf(resource, ['spec', 'jwtRules', i]),
      issuer: rule.issuer,
      audiences: rule.audiences ?? [],
      jwks: rule.jwks ?? '',
      jwksUri: rule.jwksUri ?? rule.jwks_uri ?? '',
      fromHeaders: (rule.fromHeaders ?? []).map((h) => ({ name: h.name.toLowerCase(), prefix: h.prefix ?? '' })),
      fromParams: rule.fromParams ?? [],
      fromCookies: rule.fromCookies ?? [],
      forwardOriginalToken: rule.forwardOriginalToken ?? false,
      ...(rule.spaceDelimitedClaims?.length ? { spaceDelimitedClaims: rule.spaceDelimitedClaims } : {}),
      outputPayloadToHeader: (rule.outputPayloadToHeader ?? '').toLowerCase(),
      outputClaimToHeaders: (rule.outputClaimToHeaders ?? []).map((o) => ({
        header: (o.header ?? '').toLowerCase(),
        claim: o.claim ?? '',
      })),
    }));
  });
}

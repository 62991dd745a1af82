import type { AuthorizationPolicySnapshot, AuthorizationSnapshot } from '../snapshot.ts';

/* Who is asked for AuthorizationPolicies of action CUSTOM; HTTP and opaque connections refuse alike where nobody can be. */

const enforcedProviders = ({ custom }: AuthorizationSnapshot) =>
  new Set(custom.filter((policy) => !policy.dryRun).map((policy) => policy.provider));

/** CUSTOM policies nobody can be asked about: no such provider, or more than one on this workload. */
export function brokenCustom(authorization: AuthorizationSnapshot): AuthorizationPolicySnapshot[] {
  const names = [...enforcedProviders(authorization)];
  const works = names.length === 1 && authorization.providers[names[0]!] !== undefined;
  return works ? [] : authorization.custom.filter((policy) => !policy.dryRun);
}

/** Why nobody can be asked, and what would have to be different. */
export function brokenCustomReason(authorization: AuthorizationSnapshot): string {
  const names = [...enforcedProviders(authorization)].join(', ');
  return names.includes(', ')
    ? `one workload has several providers (${names}): Istio refuses until its CUSTOM policies name only one`
    : `no provider ${names} can be asked: it needs envoyExtAuthzHttp or envoyExtAuthzGrpc among the Mesh’s extensionProviders`;
}

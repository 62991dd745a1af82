import { headerOf } from './answer.ts';

/** Services by the identity of their workloads. */
export type ServicesOf = (spiffeId: string) => readonly string[];

/** The caller's identity as the callee's sidecar names it, last in x-forwarded-client-cert; '' when it has none. */
export function callerIdentity(headers: readonly (readonly [string, string])[]): string {
  const last = headerOf(headers, 'x-forwarded-client-cert').split(',').at(-1) ?? '';
  const uri = last.split(';').find((part) => /^uri=/i.test(part.trim()));
  return uri === undefined ? '' : uri.trim().slice(4).replace(/^"|"$/g, '');
}

/** By its service's name, or its service account's. */
export function isCaller(identity: string, from: string, servicesOf: ServicesOf): boolean {
  return identity !== '' && (servicesOf(identity).includes(from) || identity.endsWith(`/sa/${from}`));
}

/** The service it belongs to; of several that share an account the account's name. */
export function callerName(identity: string, servicesOf: ServicesOf): string {
  const services = servicesOf(identity);
  return services.length === 1 ? services[0]! : (identity.split('/sa/')[1] ?? '');
}

import { isIP } from 'node:net';
import type { KnownService } from '../../config/hosts.ts';
import type { ServiceInfo } from '../../data-plane/snapshot.ts';
import type { CompileContext } from './context.ts';

/** Hosts a service answers to, lower case: the short name only from its own namespace (`from`), or anywhere when `from` is null. */
export function hostsOf(service: KnownService, from: string | null): string[] {
  // A ServiceEntry answers to the addresses it lists, too; a subnet is no host.
  if (service.external) return [service.fqdn, ...(service.entry?.addresses ?? []).filter((address) => isIP(address) !== 0)];
  const { name, namespace, fqdn } = service;
  const long = [`${name}.${namespace}`, `${name}.${namespace}.svc`, fqdn];
  return from === null || from === namespace ? [name, ...long] : long;
}

/** The port meant when an authority names none: 80 when the service has it, else its first HTTP port, else its first. */
export function defaultPortOf(service: KnownService): number {
  const web = service.ports.find((p) => p.port === 80) ?? service.ports.find((p) => p.protocol !== 'tcp') ?? service.ports[0];
  return web?.port ?? 80;
}

export function compileServices(context: CompileContext): ServiceInfo[] {
  return context.services.map((service) => ({
    name: service.name,
    namespace: service.namespace,
    fqdn: service.fqdn,
    ports: service.ports,
    hosts: hostsOf(service, null),
    external: service.external,
  }));
}

import type { Status } from '../../../proxy/api/status.schema.ts';

/** Commands that make the first traffic: through the ingress, and as one service to another through its sidecar. */
export function firstCalls(status: Pick<Status, 'ingress' | 'services' | 'workloads'> | null): string[] {
  const service = status?.services[0];
  if (!status || !service) return [];
  const commands = [`curl -H 'Host: ${service.name}.localhost' ${status.ingress}/`];
  const caller = status.workloads[0];
  const callee = status.services.find(({ name }) => name !== caller?.service);
  if (caller && callee) commands.push(`curl -x ${caller.outbound} http://${callee.name}:${callee.ports[0]?.port ?? 80}/`);
  return commands;
}

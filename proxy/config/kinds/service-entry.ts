import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker, isIpAddress } from './check.ts';
import type { ServiceEntrySpec } from './istio-types.ts';

/** What istiod's ValidateServiceEntry refuses beyond the schema. */
export function checkServiceEntry(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as ServiceEntrySpec;
  const resolution = spec.resolution ?? 'NONE';
  if (!spec.hosts?.length) check.error(['spec', 'hosts'], 'A ServiceEntry needs hosts.');
  for (const [i, host] of (spec.hosts ?? []).entries()) {
    if (host === '*') check.error(['spec', 'hosts', i], 'A ServiceEntry cannot claim every host.');
    else check.host(['spec', 'hosts', i], host);
    if (host.startsWith('*') && (resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN') && !spec.endpoints?.length) {
      check.error(['spec', 'hosts', i], `A wildcard host cannot be resolved by ${resolution} without endpoints.`);
    }
  }
  const numbers = new Map<number, number>();
  const names = new Set<string>();
  for (const [i, port] of (spec.ports ?? []).entries()) {
    check.port(['spec', 'ports', i, 'number'], port.number);
    if (numbers.has(port.number)) check.error(['spec', 'ports', i, 'number'], `Port ${port.number} is listed twice.`);
    if (names.has(port.name)) check.error(['spec', 'ports', i, 'name'], `The port name \`${port.name}\` is used twice.`);
    numbers.set(port.number, i);
    names.add(port.name);
  }
  if (resolution === 'NONE' && spec.endpoints?.length) {
    check.error(['spec', 'endpoints'], 'Endpoints have no meaning with resolution NONE.', 'Set resolution: STATIC or DNS.');
  }
  if (resolution === 'STATIC' && !spec.endpoints?.length && !spec.workloadSelector) {
    check.error(['spec', 'resolution'], 'resolution STATIC needs endpoints.');
  }
  if (resolution === 'DNS_ROUND_ROBIN' && (spec.endpoints?.length ?? 0) > 1) {
    check.error(['spec', 'endpoints', 1], 'resolution DNS_ROUND_ROBIN takes one endpoint.', 'Use resolution: DNS.');
  }
  for (const [i, endpoint] of (spec.endpoints ?? []).entries()) {
    const path = ['spec', 'endpoints', i];
    if (!endpoint.address) check.error(path, 'An endpoint needs an address.');
    else if (resolution === 'STATIC' && !isIpAddress(endpoint.address) && !endpoint.address.startsWith('unix://')) {
      check.error(
        [...path, 'address'],
        `\`${endpoint.address}\` is not an IP address, as resolution STATIC wants.`,
        'Use resolution: DNS.',
      );
    }
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (!names.has(name)) check.error([...path, 'ports', name], `No port of this ServiceEntry is named \`${name}\`.`);
    }
  }
  if (spec.endpoints?.length && spec.workloadSelector)
    check.error(['spec', 'workloadSelector'], 'Either endpoints or workloadSelector.');
  return check.diagnostics;
}

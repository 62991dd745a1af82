import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { GatewaySpec } from './istio-types.ts';

const protocols = ['HTTP', 'HTTPS', 'GRPC', 'GRPC-WEB', 'HTTP2', 'MONGO', 'TCP', 'TLS'];

/** What istiod's ValidateGateway refuses beyond the schema. */
export function checkGateway(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as GatewaySpec;
  if (!spec.servers?.length) check.error(['spec', 'servers'], 'A Gateway needs at least one server.');
  const portNames = new Map<string, number>();
  for (const [i, server] of (spec.servers ?? []).entries()) {
    const path = ['spec', 'servers', i];
    const protocol = (server.port?.protocol ?? '').toUpperCase();
    check.port([...path, 'port', 'number'], server.port?.number);
    if (!protocols.includes(protocol)) {
      check.error([...path, 'port', 'protocol'], `\`${server.port?.protocol}\` is not a protocol: ${protocols.join(', ')}.`);
    }
    if (!server.hosts?.length) check.error([...path, 'hosts'], 'A server needs hosts, e.g. `hosts: ["*"]`.');
    for (const [j, host] of (server.hosts ?? []).entries()) {
      const name = host.includes('/') ? host.slice(host.indexOf('/') + 1) : host;
      check.host([...path, 'hosts', j], name);
    }
    const needsTls = protocol === 'HTTPS' || protocol === 'TLS';
    if (needsTls && !server.tls) check.error(path, `A server with protocol ${protocol} needs tls.`);
    if (!needsTls && server.tls && !server.tls.httpsRedirect && protocol === 'HTTP') {
      check.error([...path, 'tls'], 'A plain HTTP server has no tls (except httpsRedirect).');
    }
    if (server.tls?.httpsRedirect && needsTls)
      check.error([...path, 'tls', 'httpsRedirect'], 'httpsRedirect is for plain HTTP servers.');
    const name = server.port?.name;
    if (name && portNames.has(name) && portNames.get(name) !== server.port.number) {
      check.error([...path, 'port', 'name'], `The port name \`${name}\` is used for two ports.`);
    } else if (name) portNames.set(name, server.port.number);
  }
  return check.diagnostics;
}

import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { type Mesh, meshSchema } from '../../api/mesh.schema.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import { checkExtensionProviders } from './extension-providers.ts';

/** What the schema cannot say about one Mesh: names that must differ, ports that must exist, addresses that clash. */
export function checkMesh(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const { spec }: Mesh = meshSchema.parse(resource.document);
  const services = new Map<string, number>();
  const fixedPorts = new Map<number, string>();
  const lineOf = (path: (string | number)[]) => resource.positionOf(path).line;
  const fixed = (port: number | undefined, path: (string | number)[]): void => {
    if (!port) return;
    const first = fixedPorts.get(port);
    if (first) check.report(path, { code: 'DD1007', message: `Port ${port} is fixed twice; the other place is ${first}.` });
    else fixedPorts.set(port, `line ${lineOf(path)}`);
  };
  fixed(spec.ingress?.port, ['spec', 'ingress', 'port']);
  for (const [i, service] of spec.services.entries()) {
    const path = ['spec', 'services', i];
    const key = `${service.namespace ?? spec.namespace}/${service.name}`;
    const first = services.get(key);
    if (first !== undefined) {
      const line = lineOf(['spec', 'services', first, 'name']);
      check.report([...path, 'name'], {
        code: 'DD1007',
        message: `Service \`${service.name}\` is defined twice; the other one is on line ${line}.`,
      });
    } else services.set(key, i);
    const ports = service.ports ?? [];
    const names = ports.map((p, j) => p.name ?? `port-${j}`);
    for (const [j, port] of ports.entries()) {
      if (ports.findIndex((p) => p.port === port.port) < j) {
        check.report([...path, 'ports', j, 'port'], { code: 'DD1007', message: `Port ${port.port} is listed twice.` });
      }
      if (port.name && names.indexOf(port.name) < j) {
        check.report([...path, 'ports', j, 'name'], { code: 'DD1007', message: `The port name \`${port.name}\` is used twice.` });
      }
    }
    if (service.ports && service.protocol) check.error([...path, 'protocol'], 'protocol belongs to each entry of ports.');
    for (const [j, workload] of service.workloads.entries()) {
      const at = [...path, 'workloads', j];
      fixed(workload.inboundPort, [...at, 'inboundPort']);
      fixed(workload.outboundPort, [...at, 'outboundPort']);
      for (const [k, upstream] of workload.upstreams.entries()) fixed(upstream.port, [...at, 'upstreams', k, 'port']);
      for (const address of [workload.address, ...Object.values(workload.addresses ?? {})]) {
        if (address !== undefined && workload.inboundPort && address.endsWith(`:${workload.inboundPort}`)) {
          const message = `The sidecar’s inbound port ${workload.inboundPort} is where the process itself listens.`;
          check.report([...at, 'inboundPort'], { code: 'DD1007', message });
        }
      }
      if (workload.address && workload.addresses)
        check.error([...at, 'addresses'], 'A workload has either address or addresses.');
      for (const [name, address] of Object.entries(workload.addresses ?? {})) {
        if (!ports.some((p) => p.name === name))
          check.error([...at, 'addresses', name], `The service has no port named \`${name}\`.`);
        checkAddress(check, [...at, 'addresses', name], address);
      }
      if (workload.address) checkAddress(check, [...at, 'address'], workload.address);
      if (workload.address && ports.length > 1) {
        check.error(
          [...at, 'address'],
          'The service has several ports: give each its own under addresses.',
          'addresses: {name: host:port}',
        );
      }
    }
  }
  checkExtensionProviders(check, spec.extensionProviders ?? []);
  return check.diagnostics;
}

function checkAddress(check: Checker, path: (string | number)[], address: string): void {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  if (port < 1 || port > 65_535) check.error(path, `${port} is not a port: 1 to 65535.`);
}

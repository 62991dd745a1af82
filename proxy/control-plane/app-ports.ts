import net from 'node:net';
import { listServices, listWorkloads } from '../config/hosts.ts';
import type { ResourceSet } from '../config/index.ts';
import type { HostPort } from '../data-plane/snapshot.ts';

/** Where run: services listen that name no address, by workload id; a second port of one by `<id>/<port name>`. */
export type AppAddresses = Readonly<Record<string, HostPort>>;

/** `kept`: addresses in force, which their own service may be using. `remembered`: last run's, taken again when free. */
export async function allocateAppAddresses(
  set: ResourceSet,
  remembered: Readonly<Record<string, number>>,
  kept: AppAddresses,
): Promise<AppAddresses> {
  const addresses: Record<string, HostPort> = {};
  for (const workload of listWorkloads(listServices(set))) {
    const { address, addresses: named } = workload.spec;
    if (address !== undefined) continue;
    const ports = workload.service.ports.filter((port) => named?.[port.name] === undefined);
    for (const [i, port] of ports.entries()) {
      const key = i === 0 ? workload.id : `${workload.id}/${port.name}`;
      addresses[key] = kept[key] ?? { host: '127.0.0.1', port: await choosePort(remembered[`app:${key}`]) };
    }
  }
  return addresses;
}

/** What is left when a workload gives up its ports. */
export function withoutPortsOf(id: string, addresses: AppAddresses): AppAddresses {
  return Object.fromEntries(Object.entries(addresses).filter(([key]) => key !== id && !key.startsWith(`${id}/`)));
}

async function choosePort(last: number | undefined): Promise<number> {
  return last !== undefined && (await isPortFree(last)) ? last : freePort();
}

/** Can a service bind it, on 127.0.0.1 and on all addresses? */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::']) if ((await bind(port, host)) === 'EADDRINUSE') return false;
  return true;
}

async function freePort(): Promise<number> {
  const bound = await bind(0, '127.0.0.1');
  if (typeof bound === 'string') throw new Error(`no port can be bound: ${bound}`);
  return bound;
}

/** The port, let go again; or why it cannot be bound. */
function bind(port: number, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => {
      const { port: bound } = server.address() as net.AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}

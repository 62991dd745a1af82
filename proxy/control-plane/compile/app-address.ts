import type { KnownWorkload } from '../../config/hosts.ts';
import type { HostPort } from '../../data-plane/snapshot.ts';
import type { CompileContext } from './context.ts';

/** `addresses[port name]`, `address`, or where the supervisor runs it; port 0 until something listens. */
export function appAddress(context: CompileContext, workload: KnownWorkload, portName: string): HostPort {
  const { spec, id } = workload;
  const text = spec.addresses?.[portName] ?? spec.address;
  if (text !== undefined) {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  }
  const known = context.options.appAddresses;
  return known?.[`${id}/${portName}`] ?? known?.[id] ?? { host: '127.0.0.1', port: 0 };
}

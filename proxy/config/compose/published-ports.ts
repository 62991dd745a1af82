/** One TCP port of a container that can be reached on this machine. */
export interface PublishedPort {
  /** The container's. */
  target: number;
  /** This machine's. */
  published: number;
  /** An address of this machine other than all of them, e.g. `127.0.0.1`. */
  hostIp: string;
  /** `app_protocol` of the long form. */
  appProtocol: string;
}

/** Of one entry under `ports:` either a port or why it is none for us. */
export type PortReading = { port: PublishedPort } | { reason: string };

/**
 * Reads one entry of a compose service's `ports:`, in the short form (`8080:80`, `127.0.0.1:8080:80/tcp`, a number) or the long one.
 * https://docs.docker.com/reference/compose-file/services/#ports
 */
export function readPort(entry: unknown): PortReading {
  if (typeof entry === 'number') return onlyContainer(String(entry));
  if (typeof entry === 'string') return readShort(withDefaults(entry));
  if (typeof entry === 'object' && entry !== null) return readLong(entry as Record<string, unknown>);
  return { reason: 'a port is text or a mapping' };
}

/** `${NAME:-8080}` and `${NAME-8080}` become 8080: what the file says without an environment. */
const withDefaults = (text: string): string => text.replace(/\$\{\w+:?-([^}]*)\}/g, '$1');

const onlyContainer = (port: string): PortReading => ({
  reason: `port ${port} is published on a port that changes with every start; write 8080:${port}`,
});

function readShort(text: string): PortReading {
  if (text.includes('$')) return { reason: `${text} depends on the environment; write the number` };
  const [ports = '', transport = 'tcp'] = text.split('/');
  if (transport !== 'tcp') return { reason: `${text} is ${transport.toUpperCase()}; sidecars carry TCP` };
  const found = /^(?:(?:(\[[^\]]+\]|[^:[\]]+):)?([\d-]*):)?([\d-]+)$/.exec(ports);
  if (!found) return { reason: `${text} is no port` };
  const [, hostIp = '', published = '', target = ''] = found;
  if (published === '') return onlyContainer(target);
  return toPort(target, published, hostIp.replace(/^\[|\]$/g, ''), '', text);
}

function readLong(entry: Record<string, unknown>): PortReading {
  const text = (name: string) => withDefaults(String(entry[name] ?? ''));
  const [target, published] = [text('target'), text('published')];
  const transport = text('protocol') || 'tcp';
  if (transport !== 'tcp') return { reason: `port ${target} is ${transport.toUpperCase()}; sidecars carry TCP` };
  if (`${target}${published}`.includes('$')) return { reason: `port ${target} depends on the environment; write the number` };
  if (published === '') return onlyContainer(target);
  return toPort(target, published, text('host_ip'), text('app_protocol'), `${published}:${target}`);
}

function toPort(target: string, published: string, hostIp: string, appProtocol: string, text: string): PortReading {
  // Of a range the first: `8080-8082:80` takes one of them per container.
  const [to, at] = [firstOf(target), firstOf(published)];
  if (to === null || at === null) return { reason: `${text} is no port` };
  if (!isReachable(hostIp)) return { reason: `${text} is published on ${hostIp} alone; a mesh stays on loopback` };
  return { port: { target: to, published: at, hostIp, appProtocol } };
}

/** On all addresses, or on a loopback one. */
const isReachable = (hostIp: string): boolean => /^(|0\.0\.0\.0|::|::1|localhost|127(\.\d{1,3}){3})$/.test(hostIp);

function firstOf(range: string): number | null {
  const port = Number(range.split('-')[0]);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : null;
}

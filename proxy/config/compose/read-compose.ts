import { parseDocument } from 'yaml';
import type { ComposeReading, ComposeService } from '../../api/import.schema.ts';
import { guessProtocol } from './guess-protocol.ts';
import { type PublishedPort, readPort } from './published-ports.ts';

type Mapping = Record<string, unknown>;

const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/**
 * What of a docker-compose.yml can stand behind sidecars: each service that publishes a TCP port on this machine, as one service of the mesh
 * whose process listens there. Pure: nothing is looked up, no other file is read. Whatever is left out is told with its reason.
 */
export function readCompose(text: string): ComposeReading {
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  const nothing = (problem: string): ComposeReading => ({ services: [], left: [], problem });
  if (error) return nothing(`This is not YAML: ${error.message.split('\n')[0]?.replace(/:$/, '')}.`);
  const root: unknown = document.toJS({ maxAliasCount: 1000 });
  if (!isMapping(root) || !isMapping(root.services)) return nothing('This is no compose file: it has no services.');
  const reading: ComposeReading = { services: [], left: [], problem: '' };
  if (root.include !== undefined)
    reading.left.push({ name: '', reason: 'include: names other files, which are not read; import them one by one.' });
  const taken = new Set<string>();
  for (const [name, service] of Object.entries(root.services)) {
    const one = readService(name, service);
    if ('reason' in one) reading.left.push({ name, reason: one.reason });
    else if (taken.has(one.name)) reading.left.push({ name, reason: `Another service of the file becomes ${one.name} too.` });
    else {
      taken.add(one.name);
      reading.services.push(one);
    }
  }
  return reading;
}

function readService(namedInFile: string, service: unknown): ComposeService | { reason: string } {
  if (!isMapping(service)) return { reason: 'It says nothing.' };
  const profiles = listOf(service.profiles);
  if (profiles.length > 0) return { reason: `It runs only in the profile ${profiles.join(', ')}.` };
  if (service.extends !== undefined && service.ports === undefined)
    return { reason: 'It extends another service; say its ports here.' };
  const name = meshName(namedInFile);
  if (name === '') return { reason: 'Its name has nothing that a name in the mesh may have.' };
  const { ports, reasons } = readPorts(service.ports);
  const [first] = ports;
  if (!first) return { reason: whyUnreachable(service, reasons) };
  const version = versionOf(service.labels);
  return {
    name,
    ...(name === namedInFile ? {} : { namedInFile }),
    ...(version === '' ? {} : { version }),
    ports: ports.map((port) => ({
      port: port.target,
      protocol: guessProtocol(port.target, port.appProtocol).protocol,
      address: addressOf(port),
    })),
    notes: [...ports.flatMap(noteProtocol), ...reasons.map((reason) => `Left out: ${reason}.`), ...noteReplicas(service)],
  };
}

/** The first of several ports that are published twice stands for its container port. */
function readPorts(entries: unknown): { ports: PublishedPort[]; reasons: string[] } {
  const ports = new Map<number, PublishedPort>();
  const reasons: string[] = [];
  for (const entry of listOf(entries)) {
    const reading = readPort(entry);
    if ('reason' in reading) reasons.push(reading.reason);
    else if (!ports.has(reading.port.target)) ports.set(reading.port.target, reading.port);
  }
  return { ports: [...ports.values()], reasons };
}

function whyUnreachable(service: Mapping, reasons: readonly string[]): string {
  if (service.network_mode === 'host') return 'It uses the host’s network: add it by the port it listens on.';
  if (reasons.length > 0) return `Nothing of it is reachable: ${reasons.join('; ')}.`;
  return 'It publishes no port, so nothing on this machine reaches it. Publish one, e.g. ports: ["8080:80"].';
}

/** Published on all addresses, on one loopback, or on another address of this machine. */
function addressOf({ hostIp, published }: PublishedPort): string {
  const host = hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::' ? '127.0.0.1' : hostIp;
  return host.includes(':') ? `[${host}]:${published}` : `${host}:${published}`;
}

function noteProtocol({ target, appProtocol }: PublishedPort): string[] {
  const { protocol, because } = guessProtocol(target, appProtocol);
  return because === '' ? [] : [`${protocol}, because ${because}.`];
}

function noteReplicas({ deploy, scale }: Mapping): string[] {
  const replicas = Number(scale ?? (isMapping(deploy) ? deploy.replicas : undefined) ?? 1);
  return replicas > 1 ? [`Of its ${replicas} containers the one behind the first published port.`] : [];
}

/** `labels: {version: v1}` or `- version=v1`, under the names that Istio reads. */
function versionOf(labels: unknown): string {
  const pairs = isMapping(labels)
    ? Object.entries(labels).map(([name, value]) => [name, String(value)] as const)
    : listOf(labels).map((label) => splitOnce(String(label)));
  const version = pairs.find(([name]) => name === 'version' || name === 'app.kubernetes.io/version')?.[1] ?? '';
  return /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(version) ? version : '';
}

function splitOnce(label: string): readonly [string, string] {
  const at = label.indexOf('=');
  return at < 0 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
}

/** Lower case, dashes for everything else, at most 63: as a name in a cluster. */
export function meshName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
}

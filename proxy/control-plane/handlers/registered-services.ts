import { stringify } from 'yaml';
import type { ComposeService } from '../../api/import.schema.ts';
import type { RegisterService } from '../../api/status.schema.ts';
import type { Store } from '../../store/store.ts';
import { ApiError } from '../server/api-error.ts';
import { stored } from '../server/stored.ts';
import { answered } from './applied-answer.ts';
import type { EngineParts } from './engine-parts.ts';

const registeredKey = (mesh: string, namespace: string, name: string) => `service/${mesh}/${namespace}/${name}`;
const registeredFile = 'registered in the app';

/** Documents of services registered in earlier runs of this mesh. */
export async function registeredServices(store: Store, mesh: string): Promise<{ yaml: string; file: string }[]> {
  const kept = await store.listSettings<string>(`service/${mesh}/`);
  return kept.map(({ value }) => ({ yaml: value, file: registeredFile }));
}

/** Registers the services of a compose file in one step; each can be taken out by itself afterwards. */
export async function registerComposeServices({ configuration, store }: EngineParts, services: readonly ComposeService[]) {
  const { set, snapshot } = configuration.current;
  const namespace = set.defaultNamespace;
  const present = services.filter(({ name }) => isInMesh(snapshot, namespace, name)).map(({ name }) => name);
  if (present.length > 0) throw new ApiError('conflict', `The mesh already has ${present.join(', ')}`);
  const documents = services.map((service) => ({ name: service.name, yaml: composeDocument(namespace, service) }));
  const outcome = await configuration.applyText(documents.map(({ yaml }) => yaml).join('---\n'), registeredFile);
  if (outcome.ok)
    for (const { name, yaml } of documents)
      stored(await store.setSetting(registeredKey(snapshot.meshName, namespace, name), yaml));
  return answered(outcome);
}

function composeDocument(namespace: string, { name, version, ports }: ComposeService): string {
  const named = ports.map(({ port, protocol }) => ({ name: `${protocol}-${port}`, port, protocol }));
  const [first] = ports;
  const where =
    ports.length === 1
      ? { address: first?.address }
      : { addresses: Object.fromEntries(ports.map(({ address }, index) => [named[index]?.name ?? '', address])) };
  const what = ports.length === 1 ? { port: first?.port, protocol: first?.protocol } : { ports: named };
  const service = { name, namespace, ...what, workloads: [{ ...(version ? { version } : {}), ...where }] };
  return meshDocument(documentName(namespace, name), service);
}

const meshDocument = (name: string, service: object): string =>
  stringify({ apiVersion: 'drydock.dev/v1', kind: 'Mesh', metadata: { name }, spec: { services: [service] } });

/** Declared in a file or registered live. */
export const isInMesh = (
  { services }: { services: readonly { name: string; namespace: string }[] },
  namespace: string,
  name: string,
) => services.some((service) => service.name === name && service.namespace === namespace);

export async function registerService({ configuration, store }: EngineParts, asked: RegisterService) {
  const { set, snapshot } = configuration.current;
  const namespace = asked.namespace ?? set.defaultNamespace;
  const name = documentName(namespace, asked.name);
  const ownAlready = set.get('Mesh', set.defaultNamespace, name) !== null;
  if (!ownAlready && isInMesh(snapshot, namespace, asked.name)) {
    throw new ApiError('conflict', `The mesh already has a service ${namespace}/${asked.name}`);
  }
  const workload = asked.version ? { version: asked.version, address: asked.address } : { address: asked.address };
  const service = { name: asked.name, namespace, port: asked.port, protocol: asked.protocol, workloads: [workload] };
  const yaml = meshDocument(name, service);
  const outcome = await configuration.applyText(yaml, registeredFile);
  if (outcome.ok) stored(await store.setSetting(registeredKey(snapshot.meshName, namespace, asked.name), yaml));
  return answered(outcome);
}

export async function deregisterService({ configuration, store }: EngineParts, namespace: string, name: string) {
  const { set, snapshot } = configuration.current;
  const outcome = await configuration.remove('Mesh', set.defaultNamespace, documentName(namespace, name));
  if (!outcome)
    throw new ApiError('not_found', `${namespace}/${name} was not registered live; services of a mesh file are removed there`);
  if (outcome.ok) stored(await store.deleteSetting(registeredKey(snapshot.meshName, namespace, name)));
  return answered(outcome);
}

const documentName = (namespace: string, name: string) => `service-${namespace}-${name}`.slice(0, 63);

import { stringify } from 'yaml';
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

export async function registerService({ configuration, store }: EngineParts, asked: RegisterService) {
  const { set, snapshot } = configuration.current;
  const namespace = asked.namespace ?? set.defaultNamespace;
  const name = documentName(namespace, asked.name);
  const ownAlready = set.get('Mesh', set.defaultNamespace, name) !== null;
  if (!ownAlready && snapshot.services.some((service) => service.name === asked.name && service.namespace === namespace)) {
    throw new ApiError('conflict', `The mesh already has a service ${namespace}/${asked.name}`);
  }
  const workload = asked.version ? { version: asked.version, address: asked.address } : { address: asked.address };
  const service = { name: asked.name, namespace, port: asked.port, protocol: asked.protocol, workloads: [workload] };
  const yaml = stringify({ apiVersion: 'drydock.dev/v1', kind: 'Mesh', metadata: { name }, spec: { services: [service] } });
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

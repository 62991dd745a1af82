import { access, constants, readFile } from 'node:fs/promises';
import path from 'node:path';
import { listServices } from '../../config/hosts.ts';
import { parseText, ResourceSet } from '../../config/index.ts';
import type { Store } from '../../store/store.ts';
import { ApiError } from '../server/api-error.ts';
import { stored } from '../server/stored.ts';
import { answered } from './applied-answer.ts';
import type { EngineParts } from './engine-parts.ts';
import { isInMesh } from './registered-services.ts';

const loadedKey = (mesh: string) => `demo/${mesh}`;

/** For the start of an engine whose mesh has had the demo since an earlier run; [] without it, or when it has gone from the disk. */
export async function demoOfEarlierRun(store: Store, mesh: string, file: string): Promise<{ yaml: string; file: string }[]> {
  if ((await store.getSetting<boolean>(loadedKey(mesh))) !== true) return [];
  const yaml = await readOrNull(file);
  return yaml === null ? [] : [{ yaml, file }];
}

/** Puts the demo into the mesh, whole or not at all. Its processes listen on free ports, so they are in nobody's way. */
export async function loadDemo({ configuration, store, demoFile }: EngineParts) {
  const yaml = await readOrNull(demoFile);
  if (yaml === null) throw new ApiError('unavailable', `The demo is not part of this installation: there is no ${demoFile}`);
  if (!(await isOnPath('node')))
    throw new ApiError('unavailable', 'The demo’s services are Node programs, and there is no node on the PATH');
  const { set, snapshot } = configuration.current;
  const own = listServices(ResourceSet.empty.apply(parseText(yaml, demoFile).documents, { live: true, now: 0 }).set);
  const present = own.filter(({ name }) => isInMesh(snapshot, set.defaultNamespace, name));
  if (present.length > 0) {
    const names = present.map(({ name }) => name).join(', ');
    throw new ApiError('conflict', `The mesh already has ${names}; services of the demo have these names`);
  }
  const outcome = await configuration.applyText(yaml, demoFile);
  if (outcome.ok) stored(await store.setSetting(loadedKey(snapshot.meshName), true));
  return answered(outcome);
}

export async function removeDemo({ configuration, store, demoFile }: EngineParts) {
  const { set, snapshot } = configuration.current;
  if (!set.list('Mesh').some(({ resource, live }) => live && resource.file === demoFile))
    throw new ApiError('not_found', 'The demo is not in the mesh');
  const yaml = await readOrNull(demoFile);
  const own = parseText(yaml ?? '', demoFile).documents;
  // Also what was changed since: a route of the demo that has other weights now.
  const entries = set
    .list()
    .filter(({ resource, live }) => live && own.some(({ kind, name }) => kind === resource.kind && name === resource.name));
  const outcome = await configuration.removeAll(entries);
  if (outcome.ok) stored(await store.deleteSetting(loadedKey(snapshot.meshName)));
  return answered(outcome);
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** As the shell that starts a `run:` service would find it. */
async function isOnPath(program: string): Promise<boolean> {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const name of names) {
      const found = await access(path.join(folder, name), constants.X_OK).then(
        () => true,
        () => false, // not in this folder: the next one
      );
      if (found) return true;
    }
  }
  return false;
}

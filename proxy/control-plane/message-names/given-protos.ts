import path from 'node:path';
import type { ProtoFile, ServiceProtos } from '../../api/proto.schema.ts';
import { folderOf, type KnownService, listServices } from '../../config/hosts.ts';
import { type ProtoReader, type ProtoReading, protoDiagnostics, type ResourceSet, readProtos } from '../../config/index.ts';
import type { ProtoTypes } from '../../shared/proto-types.ts';
import type { Store } from '../../store/store.ts';
import type { StoreResult } from '../../store/store-types.ts';

export interface GivenProtosOptions {
  store: Pick<Store, 'getSetting' | 'setSetting' | 'deleteSetting'>;
  /** Shared with the validation of the mesh file, so that a file is read once. */
  reader: ProtoReader;
  current: () => { set: ResourceSet; snapshot: { meshName: string } };
}
interface Given extends ProtoReading {
  from: ServiceProtos['from'];
  /** As they are shown: last parts of the path. */
  files: string[];
}
export interface GivenNames {
  /** Null: what was given does not know the method; null for both: nothing was given. */
  types: ProtoTypes | null;
  files: string[];
}

/**
 * .proto files and descriptor sets that somebody handed over: in the app, kept in the database by mesh and service, or as `protos` in the
 * mesh file. The app's come first, and both before what the service tells by reflection.
 */
export class GivenProtos {
  readonly #options: GivenProtosOptions;
  /** By setting; what the database holds changes only here. */
  readonly #uploaded = new Map<string, Promise<Given | null>>();

  constructor(options: GivenProtosOptions) {
    this.#options = options;
  }

  /** `method`: `/package.Service/Method`. */
  async typesOf(namespace: string, service: string, method: string): Promise<GivenNames> {
    const known = this.find(service, namespace);
    const given = known === null ? [] : await this.#of(known);
    const types = given.find((one) => one.types.methods.has(method))?.types ?? null;
    const from = given.filter((one) => types === null || one.types === types);
    return { types, files: from.flatMap(({ files }) => files) };
  }

  async list(): Promise<ServiceProtos[]> {
    const services = listServices(this.#options.current().set);
    const all = await Promise.all(
      services.map(async (service) => (await this.#of(service)).map((one) => describe(service, one))),
    );
    return all.flat();
  }

  find(service: string, namespace: string | undefined): KnownService | null {
    const { set } = this.#options.current();
    const wanted = namespace ?? set.defaultNamespace;
    return listServices(set).find((one) => one.name === service && one.namespace === wanted) ?? null;
  }

  /** Files join those given earlier. Nothing is kept when one has an error: the answer's diagnostics say which. */
  async add(
    service: KnownService,
    files: readonly ProtoFile[],
  ): Promise<{ protos: ServiceProtos; stored: StoreResult<null> | null }> {
    const key = this.#key(service);
    const earlier = (await this.#options.store.getSetting<ProtoFile[]>(key)) ?? [];
    const names = new Set(files.map(({ name }) => name));
    const all = [...earlier.filter(({ name }) => !names.has(name)), ...files];
    const given = await readUploaded(all);
    const protos = describe(service, given);
    if (protos.diagnostics.some(({ severity }) => severity === 'error')) return { protos, stored: null };
    const stored = await this.#options.store.setSetting(key, all);
    if (stored.ok) this.#uploaded.set(key, Promise.resolve(given));
    return { protos, stored };
  }

  /** False when nothing was given over the API. */
  async remove(service: KnownService): Promise<boolean> {
    const key = this.#key(service);
    if ((await this.#options.store.getSetting(key)) === null) return false;
    this.#uploaded.delete(key);
    return (await this.#options.store.deleteSetting(key)).ok;
  }

  async #of(service: KnownService): Promise<Given[]> {
    const given = await Promise.all([this.#ofApp(service), this.#ofMesh(service)]);
    return given.filter((one) => one !== null);
  }

  #ofApp(service: KnownService): Promise<Given | null> {
    const key = this.#key(service);
    const kept = this.#uploaded.get(key);
    if (kept !== undefined) return kept;
    const reading = this.#options.store
      .getSetting<ProtoFile[]>(key)
      .then((files) => (files === null ? null : readUploaded(files)));
    this.#uploaded.set(key, reading);
    return reading;
  }

  async #ofMesh({ mesh, resource }: KnownService): Promise<Given | null> {
    const wanted = mesh?.spec.protos ?? [];
    if (wanted.length === 0) return null;
    const folder = folderOf(resource);
    const { given, ...reading } = await this.#options.reader.read(wanted, folder);
    return { ...reading, from: 'mesh', files: given.map((file) => shortest(file, folder)) };
  }

  #key({ namespace, name }: KnownService): string {
    return `protos/${this.#options.current().snapshot.meshName}/${namespace}/${name}`;
  }
}

async function readUploaded(files: readonly ProtoFile[]): Promise<Given> {
  const sources = files.map(({ name, encoding, content }) => ({ name, bytes: Buffer.from(content, encoding) }));
  // A browser hands over names without folders: the end of the import's path has to do.
  const reading = await readProtos(
    sources,
    async (wanted) =>
      sources.find(({ name }) => name === wanted) ??
      sources.find(({ name }) => name.endsWith(`/${wanted}`) || wanted.endsWith(`/${name}`)) ??
      null,
  );
  return { ...reading, from: 'app', files: files.map(({ name }) => name) };
}

function describe({ name, namespace }: KnownService, given: Given): ServiceProtos {
  const { from, files, types } = given;
  return {
    service: name,
    namespace,
    from,
    files,
    methods: [...types.methods.keys()].sort(),
    diagnostics: protoDiagnostics(given),
  };
}

function shortest(file: string, folder: string): string {
  const relative = path.relative(folder, file);
  return relative.startsWith('..') ? file : relative;
}

import type { ApplyResult, Diagnostic } from '../api/diagnostic.schema.ts';
import type { ExplainRequest } from '../api/explain.schema.ts';
import {
  type Applied,
  findInert,
  hasErrors,
  lintDocuments,
  loadFiles,
  type ProtoReader,
  parseText,
  type ResourceEntry,
  ResourceSet,
  validate,
} from '../config/index.ts';
import type { BoundListener, HostPort, MeshSnapshot } from '../data-plane/snapshot.ts';
import type { CertificateAuthority } from '../pki/authority.ts';
import type { WorkloadCertificates } from '../pki/workload-certificates.ts';
import type { Clock } from '../shared/clock.ts';
import { type AppAddresses, allocateAppAddresses, withoutPortsOf } from './app-ports.ts';
import { compile } from './compile/index.ts';
import type { DataPlaneWorkers } from './data-plane/data-plane-workers.ts';
import { findPortOwner } from './port-owner.ts';

/** What runs now: read by everything, changed only by Configuration. */
export interface Committed {
  set: ResourceSet;
  snapshot: MeshSnapshot;
  bound: BoundListener[];
  diagnostics: Diagnostic[];
  appAddresses: AppAddresses;
}

export type ApplyOutcome = { ok: boolean } & ApplyResult;

/** A resource as it was before a change and as the change left it; null: it did not exist. */
export interface Touched {
  kind: string;
  namespace: string;
  name: string;
  before: ResourceEntry | null;
  after: ResourceEntry | null;
}

export interface ConfigurationOptions {
  /** Files and folders the user named. */
  paths: readonly string[];
  clock: Clock;
  dataPlane: DataPlaneWorkers;
  certificates: WorkloadCertificates;
  authority: CertificateAuthority;
  /** Addresses of our own APIs: never a valid upstream. */
  forbiddenUpstreams: () => string[];
  /** Ports of an earlier run, by `<proxy>/<listener>` or `app:<workload>`; changed ones are handed back. */
  rememberedPorts: Record<string, number>;
  onPortsChanged: (ports: Record<string, number>) => void;
  onCommitted: (committed: Committed, applied: readonly Applied[]) => void | Promise<void>;
  onRejected: (diagnostics: readonly Diagnostic[], source: string) => void;
  protoReader: ProtoReader;
}

/**
 * The one path in: parse → validate → compile → prepare (the data plane binds and builds) → commit. Changes run one after another; one that
 * is rejected at any step leaves everything as it was.
 */
export class Configuration {
  readonly #options: ConfigurationOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #version = 0;
  #current: Committed | null = null;
  #files: string[] = [];
  #standIns: Readonly<Record<string, HostPort>> = {};
  /** What of a set does nothing, found once per set: a port that moves changes nothing of it. */
  #inert: { set: ResourceSet; found: readonly Diagnostic[] } | null = null;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  get current(): Committed {
    if (!this.#current) throw new Error('nothing has been applied yet');
    return this.#current;
  }
  /** True once a first configuration runs. */
  get isReady(): boolean {
    return this.#current !== null;
  }
  /** Absolute paths of the config files in force. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** First apply: the files, and documents kept from an earlier run (registered services). */
  start(kept: readonly { yaml: string; file: string }[]): Promise<ApplyOutcome> {
    return this.#serialised(async () => {
      const loaded = await loadFiles(this.#options.paths);
      this.#files = loaded.files;
      if (hasErrors(loaded.diagnostics)) return this.#reject(loaded.diagnostics, 'files');
      const now = this.#options.clock.wallNow();
      const fromFiles = ResourceSet.empty.replaceFiles(loaded.documents, { now });
      if (hasErrors(fromFiles.diagnostics)) return this.#reject(fromFiles.diagnostics, 'files');
      const documents = kept.flatMap(({ yaml, file }) => parseText(yaml, file).documents);
      const withKept = fromFiles.set.apply(documents, { live: true, now });
      const outcome = await this.#commit(withKept.set, [...fromFiles.applied, ...withKept.applied], loaded.diagnostics, 'files');
      // What was registered in an earlier run must not keep today's files from starting.
      if (outcome.ok || documents.length === 0) return outcome;
      return this.#commit(fromFiles.set, fromFiles.applied, loaded.diagnostics, 'files');
    });
  }

  /** Adds or replaces the resources in a text of YAML documents. */
  applyText(yaml: string, file: string): Promise<ApplyOutcome> {
    return this.#serialised(async () => {
      const parsed = parseText(yaml, file);
      if (hasErrors(parsed.diagnostics)) return this.#reject(parsed.diagnostics, file);
      if (parsed.documents.length === 0) return this.#reject([...parsed.diagnostics, emptyText(file)], file);
      const change = this.current.set.apply(parsed.documents, { live: true, now: this.#options.clock.wallNow() });
      if (hasErrors(change.diagnostics)) return this.#reject(change.diagnostics, file);
      return this.#commit(change.set, change.applied, parsed.diagnostics, file);
    });
  }

  /** Null when there is no such resource. The namespace '' means the mesh's own. */
  remove(kind: string, namespace: string, name: string): Promise<ApplyOutcome | null> {
    return this.#serialised(async () => {
      const { set, removed } = this.current.set.remove(kind, namespace || this.current.set.defaultNamespace, name);
      if (!removed) return null;
      return this.#commit(set, [{ kind, namespace: removed.resource.namespace, name, status: 'deleted' }], [], 'delete');
    });
  }

  /** Removes several at once, e.g. every fault. */
  removeAll(entries: readonly ResourceEntry[]): Promise<ApplyOutcome> {
    return this.#serialised(async () => {
      let { set } = this.current;
      const applied: Applied[] = [];
      for (const { resource } of entries) {
        const { kind, namespace, name } = resource;
        const change = set.remove(kind, namespace, name);
        if (!change.removed) continue;
        set = change.set;
        applied.push({ kind, namespace, name, status: 'deleted' });
      }
      return applied.length === 0 ? { ok: true, applied, diagnostics: [] } : this.#commit(set, applied, [], 'delete');
    });
  }

  /** Applies and removes in one step, and tells what it touched so that it can be taken back. */
  changeResources(
    yaml: string,
    file: string,
    removals: readonly { kind: string; namespace: string; name: string }[],
  ): Promise<ApplyOutcome & { touched: Touched[] }> {
    return this.#serialised(async () => {
      const parsed = parseText(yaml, file);
      const before = this.current.set;
      const change = before.apply(parsed.documents, { live: true, now: this.#options.clock.wallNow() });
      const problems = [...parsed.diagnostics, ...change.diagnostics];
      if (hasErrors(problems)) return { ...this.#reject(problems, file), touched: [] };
      let { set } = change;
      const applied = [...change.applied];
      for (const ref of removals) {
        const without = set.remove(ref.kind, ref.namespace, ref.name);
        if (!without.removed) return { ...this.#reject([missing(ref, file)], file), touched: [] };
        set = without.set;
        applied.push({ ...ref, status: 'deleted' });
      }
      const outcome = await this.#commit(set, applied, parsed.diagnostics, file);
      const touched = applied.map(({ kind, namespace, name }) => ({
        ...{ kind, namespace, name, before: before.get(kind, namespace, name), after: set.get(kind, namespace, name) },
      }));
      return { ...outcome, touched: outcome.ok ? touched : [] };
    });
  }

  /** Puts resources back as they were, in the order given. One that was changed again since is left alone, and told. */
  takeBack(touched: readonly Touched[]): Promise<ApplyOutcome & { left: Touched[] }> {
    return this.#serialised(async () => {
      let { set } = this.current;
      const left: Touched[] = [];
      const applied: Applied[] = [];
      for (const one of touched) {
        const { kind, namespace, name, before, after } = one;
        if (set.get(kind, namespace, name)?.resource !== after?.resource) {
          left.push(one);
          continue;
        }
        set = set.restore(one, before);
        applied.push({ kind, namespace, name, status: before === null ? 'deleted' : after === null ? 'created' : 'configured' });
      }
      if (applied.length === 0) return { ok: true, applied, diagnostics: [], left };
      return { ...(await this.#commit(set, applied, [], 'put back')), left };
    });
  }

  /** Gives a run: service other ports of its own: another program holds them. */
  moveApp(id: string): Promise<ApplyOutcome> {
    return this.#serialised(() => {
      const kept = withoutPortsOf(id, this.current.appAddresses);
      return this.#commit(this.current.set, [], [], 'port', kept);
    });
  }

  /** Who answers in place of which workload's process, by workload id. */
  setStandIns(standIns: Readonly<Record<string, HostPort>>): Promise<ApplyOutcome> {
    return this.#serialised(async () => {
      const before = this.#standIns;
      this.#standIns = standIns;
      const outcome = await this.#commit(this.current.set, [], [], 'simulation');
      if (!outcome.ok) this.#standIns = before;
      return outcome;
    });
  }

  /** All diagnostics of documents together with what runs; changes nothing. */
  async lintText(yaml: string, file: string): Promise<Diagnostic[]> {
    const parsed = parseText(yaml, file);
    if (hasErrors(parsed.diagnostics)) return parsed.diagnostics;
    return [
      ...parsed.diagnostics,
      ...(await lintDocuments(parsed.documents, { base: this.current.set, protoReader: this.#options.protoReader })),
    ];
  }

  /** The files changed on disk. A half-saved, broken or deleted file keeps the old configuration and is told. */
  reloadFiles(): Promise<ApplyOutcome> {
    return this.#serialised(async () => {
      const loaded = await loadFiles(this.#options.paths);
      if (loaded.files.length > 0) this.#files = loaded.files;
      if (hasErrors(loaded.diagnostics)) return this.#reject(loaded.diagnostics, 'files');
      const change = this.current.set.replaceFiles(loaded.documents, { now: this.#options.clock.wallNow() });
      if (hasErrors(change.diagnostics)) return this.#reject(change.diagnostics, 'files');
      if (change.applied.every((applied) => applied.status === 'unchanged')) {
        return { ok: true, applied: change.applied, diagnostics: loaded.diagnostics };
      }
      return this.#commit(change.set, change.applied, loaded.diagnostics, 'files');
    });
  }

  async explain(request: ExplainRequest) {
    return this.#options.dataPlane.explain(request);
  }

  /** A restarted data plane may have other ports for those that were not fixed. */
  rebound(bound: BoundListener[]): void {
    if (this.#current) this.#current = { ...this.#current, bound };
  }

  #serialised<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change);
    // A rejected promise is its caller's to handle; the next change runs either way.
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #commit(
    set: ResourceSet,
    applied: Applied[],
    earlier: readonly Diagnostic[],
    source: string,
    keptApps: AppAddresses = this.#current?.appAddresses ?? {},
  ): Promise<ApplyOutcome> {
    const found = [...earlier, ...(await validate(set, { protoReader: this.#options.protoReader }))];
    if (hasErrors(found)) return this.#reject(found, source);
    const { clock, rememberedPorts, dataPlane } = this.#options;
    const appAddresses = await allocateAppAddresses(set, rememberedPorts, keptApps);
    const compiled = compile(set, {
      version: this.#version + 1,
      now: clock.wallNow(),
      forbiddenUpstreams: this.#options.forbiddenUpstreams(),
      rememberedPorts,
      appAddresses,
      standIns: this.#standIns,
    });
    const diagnostics = [...found, ...compiled.diagnostics];
    const snapshot = await this.#withGatewayCertificates(compiled.snapshot);
    await this.#issueFor(snapshot);
    const prepared = await dataPlane.apply(snapshot);
    if (!prepared.ok) return this.#reject([...diagnostics, ...(await Promise.all(prepared.diagnostics.map(nameOwner)))], source);
    this.#version++;
    this.#current = {
      set,
      snapshot,
      bound: prepared.bound,
      diagnostics: [...diagnostics, ...prepared.diagnostics, ...this.#inertIn(set)],
      appAddresses,
    };
    this.#rememberPorts(prepared.bound, appAddresses);
    await this.#options.onCommitted(this.#current, applied);
    return { ok: true, applied, diagnostics: [...diagnostics, ...prepared.diagnostics] };
  }

  #inertIn(set: ResourceSet): readonly Diagnostic[] {
    if (this.#inert?.set !== set) this.#inert = { set, found: findInert(set) };
    return this.#inert.found;
  }

  #reject(diagnostics: readonly Diagnostic[], source: string): ApplyOutcome {
    if (this.#current) this.#options.onRejected(diagnostics, source);
    return { ok: false, applied: [], diagnostics: [...diagnostics] };
  }

  /** Certificates go ahead of the snapshot that needs them; those of a rejected one do no harm. */
  async #issueFor(snapshot: MeshSnapshot): Promise<void> {
    const wanted = new Map(snapshot.proxies.map(({ workload }) => [workload.spiffeId, workload.service]));
    for (const fact of this.#options.certificates.facts())
      if (!wanted.has(fact.spiffeId)) wanted.set(fact.spiffeId, fact.service);
    const identities = await this.#options.certificates.setIdentities(
      [...wanted].map(([spiffeId, service]) => ({ spiffeId, service })),
    );
    this.#options.dataPlane.setIdentities(identities);
  }

  /** HTTPS servers of gateways without a certificate of their own get a self-signed one for their hosts. */
  async #withGatewayCertificates(snapshot: MeshSnapshot): Promise<MeshSnapshot> {
    const proxies = await Promise.all(
      snapshot.proxies.map(async (proxy) => ({
        ...proxy,
        listeners: await Promise.all(
          proxy.listeners.map(async (listener) => {
            if (listener.role !== 'gateway') return listener;
            return { ...listener, servers: await Promise.all(listener.servers.map((server) => this.#withCertificate(server))) };
          }),
        ),
      })),
    );
    return { ...snapshot, proxies };
  }

  async #withCertificate<
    S extends { hosts: string[]; tls: null | { mode: string; certificate: string | null; privateKey: string | null } },
  >(server: S): Promise<S> {
    const needsOne =
      server.tls && ['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(server.tls.mode) && server.tls.certificate === null;
    if (!needsOne || !server.tls) return server;
    const hosts = server.hosts.map((host) => host.split('/').pop() ?? host).filter((host) => host !== '*');
    const issued = await this.#options.authority.issueServer([...new Set([...hosts, 'localhost', '127.0.0.1'])]);
    return { ...server, tls: { ...server.tls, certificate: issued.certificatePem, privateKey: issued.privateKeyPem } };
  }

  #rememberPorts(bound: readonly BoundListener[], appAddresses: AppAddresses): void {
    const ports = this.#options.rememberedPorts;
    let changed = false;
    const remember = (key: string, port: number) => {
      if (ports[key] === port) return;
      ports[key] = port;
      changed = true;
    };
    for (const { proxy, listener, port } of bound) remember(`${proxy}/${listener}`, port);
    for (const [id, address] of Object.entries(appAddresses)) remember(`app:${id}`, (address as HostPort).port);
    if (changed) this.#options.onPortsChanged({ ...ports });
  }
}

function emptyText(file: string): Diagnostic {
  return { severity: 'error', code: 'DD1001', message: 'There is no document in this text.', file, line: 1, column: 1 };
}

function missing({ kind, namespace, name }: { kind: string; namespace: string; name: string }, file: string): Diagnostic {
  return { severity: 'error', code: 'DD5005', message: `There is no ${kind} ${namespace}/${name} to delete.`, file };
}

/** `DD1204` (port taken) says who holds the port. */
async function nameOwner(diagnostic: Diagnostic): Promise<Diagnostic> {
  if (diagnostic.code !== 'DD1204') return diagnostic;
  const port = Number(diagnostic.path?.split(':').pop());
  const owner = Number.isInteger(port) ? await findPortOwner(port) : '';
  return owner === '' ? diagnostic : { ...diagnostic, message: `${diagnostic.message}. It is held by ${owner}` };
}

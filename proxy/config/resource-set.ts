import type { Diagnostic, ResourceRef } from '../api/diagnostic.schema.ts';
import { diagnose, resourceId } from './diagnostics.ts';
import { isRecord, type ParsedResource, withNamespace } from './parse.ts';

/** A resource as the engine holds it. */
export interface ResourceEntry {
  readonly resource: ParsedResource;
  /** Applied through the API rather than from a file. */
  readonly live: boolean;
  /** Position in creation order: of two objects that claim the same host, the smaller wins. A change keeps it. */
  readonly order: number;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms of the last change; a fault's schedule and expiry count from it. */
  readonly changedAt: number;
  /** 1 when new, one more with every change, as a cluster counts `metadata.generation`. */
  readonly generation: number;
}

export type AppliedStatus = 'created' | 'configured' | 'unchanged' | 'deleted';
export interface Applied {
  kind: string;
  namespace: string;
  name: string;
  status: AppliedStatus;
}
export interface ApplyOptions {
  live: boolean;
  /** Epoch ms. */
  now: number;
}
export interface SetChange {
  set: ResourceSet;
  applied: Applied[];
  diagnostics: Diagnostic[];
}

/** The configuration: immutable, keyed by kind, namespace and name; every change returns a new set. */
export class ResourceSet {
  static readonly empty = new ResourceSet(new Map(), 0);
  private readonly entries: ReadonlyMap<string, ResourceEntry>;
  private readonly nextOrder: number;
  /** Sorted lists by kind, made when first asked for: the set never changes, the compiler asks often. */
  private readonly lists = new Map<string | undefined, ResourceEntry[]>();

  private constructor(entries: ReadonlyMap<string, ResourceEntry>, nextOrder: number) {
    this.entries = entries;
    this.nextOrder = nextOrder;
  }

  /** In creation order, oldest first. */
  list(kind?: string): readonly ResourceEntry[] {
    let list = this.lists.get(kind);
    if (!list) {
      const all = [...this.entries.values()];
      list = (kind === undefined ? all : all.filter((e) => e.resource.kind === kind)).sort(compareAge);
      this.lists.set(kind, list);
    }
    return list;
  }
  /** Resources of a kind within an API group, e.g. ('Gateway', 'networking.istio.io'): two groups share that kind's name. */
  ofGroup(kind: string, group: string): ResourceEntry[] {
    return this.list(kind).filter((e) => groupOf(e.resource.apiVersion) === group);
  }
  get(kind: string, namespace: string, name: string): ResourceEntry | null {
    const wanted = `${kind}/${namespace}/${name}`;
    for (const entry of this.entries.values()) if (resourceId(entry.resource) === wanted) return entry;
    return null;
  }
  get size(): number {
    return this.entries.size;
  }

  /** The namespace of resources that name none: the (oldest) Mesh's. */
  get defaultNamespace(): string {
    return defaultNamespaceOf(this.list('Mesh').map((e) => e.resource));
  }

  /** Adds or replaces documents. A key twice among `documents` is an error that names both places; the set is then unchanged. */
  apply(documents: readonly ParsedResource[], options: ApplyOptions): SetChange {
    const meshes = documents.filter((d) => d.kind === 'Mesh');
    const namespace = this.list('Mesh').length > 0 ? this.defaultNamespace : defaultNamespaceOf(meshes);
    const named = documents.map((d) => withNamespace(d, namespace));
    const diagnostics = findDuplicates(named);
    if (diagnostics.length > 0) return { set: this, applied: [], diagnostics };
    const entries = new Map(this.entries);
    let nextOrder = this.nextOrder;
    const applied: Applied[] = [];
    for (const resource of named) {
      const key = keyOf(resource);
      const old = entries.get(key);
      const same = old !== undefined && sameContent(old.resource, resource);
      entries.set(key, {
        resource,
        live: options.live,
        order: old?.order ?? nextOrder++,
        createdAt: old?.createdAt ?? options.now,
        changedAt: same ? old.changedAt : options.now,
        generation: old === undefined ? 1 : same ? old.generation : old.generation + 1,
      });
      const status = old === undefined ? 'created' : same ? 'unchanged' : 'configured';
      applied.push({ kind: resource.kind, namespace: resource.namespace, name: resource.name, status });
    }
    return { set: new ResourceSet(entries, nextOrder), applied, diagnostics };
  }

  /** What the files say now replaces what they said before; live resources stay unless a file now holds the same object. */
  replaceFiles(documents: readonly ParsedResource[], options: Omit<ApplyOptions, 'live'>): SetChange {
    const meshes = documents.filter((d) => d.kind === 'Mesh');
    const namespace = defaultNamespaceOf(meshes.length > 0 ? meshes : this.list('Mesh').map((e) => e.resource));
    const kept = new Set(documents.map((d) => keyOf(withNamespace(d, namespace))));
    const gone = [...this.entries].filter(([key, entry]) => !entry.live && !kept.has(key));
    const entries = new Map(this.entries);
    for (const [key] of gone) entries.delete(key);
    const named = documents.map((d) => withNamespace(d, namespace));
    const change = new ResourceSet(entries, this.nextOrder).apply(named, { ...options, live: false });
    if (change.diagnostics.length > 0) return { ...change, set: this };
    const deleted = gone.map(
      ([, { resource: r }]): Applied => ({ kind: r.kind, namespace: r.namespace, name: r.name, status: 'deleted' }),
    );
    return { ...change, applied: [...change.applied, ...deleted] };
  }

  /** Without one resource; `removed` is null when there was none. */
  remove(kind: string, namespace: string, name: string): { set: ResourceSet; removed: ResourceEntry | null } {
    const removed = this.get(kind, namespace, name);
    if (!removed) return { set: this, removed: null };
    const entries = new Map(this.entries);
    entries.delete(keyOf(removed.resource));
    return { set: new ResourceSet(entries, this.nextOrder), removed };
  }

  /** With one resource exactly as it once was (its age, whether it is live); null: without it. */
  restore(
    { kind, namespace, name }: { kind: string; namespace: string; name: string },
    entry: ResourceEntry | null,
  ): ResourceSet {
    const { set } = this.remove(kind, namespace, name);
    if (entry === null) return set;
    const entries = new Map(set.entries);
    entries.set(keyOf(entry.resource), entry);
    return new ResourceSet(entries, set.nextOrder);
  }
}

/** `applyDocuments(set, documents, options)`: see ResourceSet.apply. */
export function applyDocuments(set: ResourceSet, documents: readonly ParsedResource[], options: ApplyOptions): SetChange {
  return set.apply(documents, options);
}

/** `networking.istio.io/v1beta1` → `networking.istio.io`; core kinds (`v1`) have the group ''. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

export function refOf(resource: ParsedResource, path?: string): ResourceRef {
  const { kind, namespace, name, file, line } = resource;
  return { kind, namespace, name, ...(path === undefined ? {} : { path }), file, line };
}

function keyOf(resource: ParsedResource): string {
  return `${groupOf(resource.apiVersion)}/${resourceId(resource)}`;
}

function defaultNamespaceOf(meshes: readonly ParsedResource[]): string {
  for (const mesh of meshes) {
    if (isRecord(mesh.spec) && typeof mesh.spec.namespace === 'string') return mesh.spec.namespace;
  }
  return 'default';
}

function sameContent(a: ParsedResource, b: ParsedResource): boolean {
  return a.yaml === b.yaml || JSON.stringify(a.document) === JSON.stringify(b.document);
}

/** metadata.creationTimestamp when both have one (exported from a cluster), else the order they came in; names break ties, as in Istio. */
function compareAge(a: ResourceEntry, b: ResourceEntry): number {
  const [x, y] = [a.resource.metadata.creationTimestamp, b.resource.metadata.creationTimestamp];
  if (typeof x === 'string' && typeof y === 'string' && x !== y) return x < y ? -1 : 1;
  return a.order - b.order;
}

function findDuplicates(documents: readonly ParsedResource[]): Diagnostic[] {
  const seen = new Map<string, ParsedResource>();
  const diagnostics: Diagnostic[] = [];
  for (const document of documents) {
    const key = keyOf(document);
    const first = seen.get(key);
    if (first) {
      const place = `${first.file}:${first.positionOf(['metadata', 'name']).line}`;
      diagnostics.push(
        diagnose(document, ['metadata', 'name'], {
          code: 'DD1007',
          message: `${resourceId(document)} is defined twice; the other one is at ${place}.`,
          suggestion: 'Rename or remove one of them.',
        }),
      );
    } else seen.set(key, document);
  }
  return diagnostics;
}

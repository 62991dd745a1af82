import { templateOf } from './mask.ts';
import { PrefixIndex } from './prefix-index.ts';
import { type ComparedRequest, requestDifferences } from './request-differences.ts';

/** As many are compared; a miss stays quick however long the recording. */
const maxCompared = 100;
/** Of those whose path only begins alike. */
const maxAlike = 20;

/**
 * The recorded request that a request without an answer comes nearest to: of the same method and path template where there is one, then of the same
 * path, then of the same method and a path that begins the same way, then of any.
 */
export class NearestRequest<T extends ComparedRequest> {
  /** Path template → method → its first requests. */
  readonly #groups = new Map<string, Map<string, T[]>>();
  /** Method → by path template, one each. */
  readonly #alike = new Map<string, PrefixIndex<T>>();

  add(request: T): void {
    const template = templateOf(request.path);
    const methods = this.#groups.get(template) ?? new Map<string, T[]>();
    this.#groups.set(template, methods);
    const list = methods.get(request.method);
    if (list !== undefined) {
      if (list.length < maxCompared) list.push(request);
      return;
    }
    methods.set(request.method, [request]);
    const alike = this.#alike.get(request.method) ?? new PrefixIndex<T>(maxAlike);
    this.#alike.set(request.method, alike);
    alike.add(template, request);
  }

  /** Null when nothing was recorded. */
  find(request: ComparedRequest): { entry: T; differs: string[] } | null {
    let best: { entry: T; differs: string[]; score: number } | null = null;
    for (const entry of this.#candidates(request)) {
      const differs = requestDifferences(request, entry);
      const score = differs.length - likeness(request.path, entry.path);
      if (best === null || score < best.score) best = { entry, differs, score };
    }
    return best && { entry: best.entry, differs: best.differs };
  }

  #candidates({ method, path }: ComparedRequest): readonly T[] {
    const template = templateOf(path);
    const same = this.#groups.get(template);
    if (same !== undefined) return same.get(method) ?? [...same.values()].flat().slice(0, maxCompared);
    return (
      this.#alike.get(method)?.like(template) ??
      [...this.#alike.values()].flatMap((alike) => alike.like(template)).slice(0, maxCompared)
    );
  }
}

/** How many segments of the paths are the same, each worth more than a difference elsewhere. */
function likeness(a: string, b: string): number {
  const others = new Set(b.split('?', 1)[0]!.split('/'));
  return (
    a
      .split('?', 1)[0]!
      .split('/')
      .filter((segment) => others.has(segment)).length * 2
  );
}

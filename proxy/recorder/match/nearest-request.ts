import { templateOf } from './mask.ts';
import { type ComparedRequest, requestDifferences } from './request-differences.ts';

/** Of one path as many are compared; a miss stays quick however long the recording. */
const maxCompared = 100;

/**
 * The recorded request that a request without an answer comes nearest to: of the same method and path template where there is one, then of the same
 * path, then of the same method and the path that shares most with it. Groups are looked through, not every request.
 */
export class NearestRequest<T extends ComparedRequest> {
  /** Path template → method → its first requests. */
  readonly #groups = new Map<string, Map<string, T[]>>();

  add(request: T): void {
    const template = templateOf(request.path);
    const methods = this.#groups.get(template) ?? new Map<string, T[]>();
    this.#groups.set(template, methods);
    const list = methods.get(request.method);
    if (list === undefined) methods.set(request.method, [request]);
    else if (list.length < maxCompared) list.push(request);
  }

  /** Null when neither its method nor its path was ever recorded. */
  find(request: ComparedRequest): { entry: T; differs: string[] } | null {
    const candidates = this.#candidates(request);
    let best: { entry: T; differs: string[] } | null = null;
    for (const entry of candidates) {
      const differs = requestDifferences(request, entry);
      if (best === null || differs.length < best.differs.length) best = { entry, differs };
    }
    return best;
  }

  #candidates({ method, path }: ComparedRequest): readonly T[] {
    const template = templateOf(path);
    const same = this.#groups.get(template);
    if (same !== undefined) return same.get(method) ?? [...same.values()].flat().slice(0, maxCompared);
    const wanted = template.split('/');
    let best: { score: number; list: readonly T[] } = { score: -1, list: [] };
    for (const [other, methods] of this.#groups) {
      const list = methods.get(method);
      if (list === undefined) continue;
      const score = likeness(wanted, other.split('/'));
      if (score > best.score) best = { score, list };
    }
    return best.list;
  }
}

/** Segments in common, those at the same place twice as much; paths of the same length a little more. */
function likeness(a: readonly string[], b: readonly string[]): number {
  const shared = a.reduce((sum, segment, i) => sum + (segment === b[i] ? 2 : b.includes(segment) ? 1 : 0), 0);
  return shared + (a.length === b.length ? 0.5 : 0);
}

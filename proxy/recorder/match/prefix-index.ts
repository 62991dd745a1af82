/** Things by the paths they are for, so that those alike can be looked up without looking at all. */
export class PrefixIndex<T> {
  readonly #limit: number;
  /** `/shop/items` → the first whose path begins with these segments; '' is all. */
  readonly #byPrefix = new Map<string, T[]>();

  /** `limit`: as many are kept of one prefix, and looked up at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `path` is without its query. */
  add(path: string, one: T): void {
    const segments = path.split('/');
    for (let depth = 1; depth <= segments.length; depth++) {
      const prefix = segments.slice(0, depth).join('/');
      const list = this.#byPrefix.get(prefix);
      if (list === undefined) this.#byPrefix.set(prefix, [one]);
      else if (list.length < this.#limit) list.push(one);
    }
  }

  /** Those whose path begins as this one does, for the longest first. */
  like(path: string): T[] {
    const found = new Set<T>();
    const segments = path.split('/');
    for (let depth = segments.length; depth > 0; depth--) {
      for (const one of this.#byPrefix.get(segments.slice(0, depth).join('/')) ?? []) {
        if (found.size >= this.#limit) return [...found];
        found.add(one);
      }
    }
    return [...found];
  }
}

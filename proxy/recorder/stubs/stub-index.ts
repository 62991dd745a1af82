import { decodePercents } from '../../shared/percent-decoding.ts';
import { PrefixIndex } from '../match/prefix-index.ts';
import type { Stub } from './stub.ts';

interface Indexed {
  stub: Stub;
}
interface Asked {
  method: string;
  /** With query. */
  path: string;
  redacted: { path: string };
}

/** Of a miss as many are compared, so that it stays quick with ten thousand. */
const maxCompared = 100;
const anyMethod = '*';

/**
 * Stubs by what most of them name in so many words: their method and path. A request is asked of those that name its own, and of those that name
 * none (patterns, templates, conditions on other things), in the order of all.
 */
export class StubIndex<T extends Indexed> {
  readonly #all: readonly T[];
  /** Literal path (or path with query) → places in the order of all. */
  readonly #byPath = new Map<string, number[]>();
  readonly #alike = new PrefixIndex<number>(maxCompared);
  /** Those that name no path, by method. */
  readonly #others = new Map<string, number[]>();

  constructor(all: readonly T[]) {
    this.#all = all;
    for (const [place, { stub }] of all.entries()) {
      const path = literalOf(stub, 'path') ?? literalOf(stub, 'url');
      const [index, key] = path === null ? [this.#others, literalOf(stub, 'method') ?? anyMethod] : [this.#byPath, path];
      const places = index.get(key);
      if (places) places.push(place);
      else index.set(key, [place]);
      if (path !== null) this.#alike.add(bareOf(path), place);
    }
  }

  /** The first that fits. */
  find(request: Asked, fits: (one: T) => boolean): T | undefined {
    for (const place of this.#placesFor(request)) if (fits(this.#all[place]!)) return this.#all[place];
    return undefined;
  }

  /** Where to look for the nearest: those that could have been meant, then those whose path begins the same way, then the first of all. */
  likely(request: Asked): T[] {
    const others = [...this.#others.values()].flatMap((list) => list.slice(0, maxCompared));
    const alike = new Set([...this.#placesFor(request), ...others, ...this.#alike.like(bareOf(request.path))]);
    return [...alike].slice(0, maxCompared).map((place) => this.#all[place]!);
  }

  #placesFor({ method, path, redacted }: Asked): number[] {
    const bare = bareOf(path);
    const names = new Set([path, redacted.path, bare, decodePercents(bare)]);
    const lists = [this.#others.get(method), this.#others.get(anyMethod), ...[...names].map((name) => this.#byPath.get(name))];
    return lists.flatMap((list) => list ?? []).sort((a, b) => a - b);
  }
}

/** What a stub wants a part of the request to be, letter by letter; null when it does not say it so. */
function literalOf({ conditions }: Stub, on: 'method' | 'path' | 'url'): string | null {
  for (const condition of conditions) {
    const { matcher } = condition;
    if (condition.on === on && matcher.is === 'equal' && matcher.ignoreCase !== true) return matcher.value;
  }
  return null;
}

const bareOf = (path: string): string => path.split('?', 1)[0]!;

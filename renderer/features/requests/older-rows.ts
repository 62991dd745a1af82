import type { Exchange, ExchangePage, ExchangeQuery } from '../../../proxy/api/exchange.schema.ts';
import { parseMoment } from '../../../proxy/api/filter/moment.ts';
import type { Filter, FilterTerm } from '../../../proxy/api/filter/request-filter.ts';
import type { ExchangeRing } from '../../engine/exchange-ring.ts';
import { createStore, type Store } from '../../engine/store.ts';

/** What the engine can be asked for, so that it need not send everything. */
export type Narrowed = Partial<
  Pick<ExchangeQuery, 'from' | 'to' | 'status' | 'path' | 'method' | 'flag' | 'traceId' | 'since' | 'until'>
>;
export type ExchangeQueryIn = Narrowed & { limit: number; cursor?: string };
/** `all`: the engine keeps no older one that matches. */
export type OlderPhase = 'more' | 'loading' | 'all';

export interface OlderRowsParts {
  ring: Pick<ExchangeRing, 'get' | 'at'>;
  read: (query: ExchangeQueryIn) => Promise<ExchangePage>;
  matches: (exchange: Exchange) => boolean;
  narrowed: Narrowed;
}

const pageRows = 1000;
/** Exchanges stand in order of their end in the ring and of their start in the engine: these are looked at for where to go on. */
const borderRows = 64;

/**
 * What matches among the exchanges that the engine keeps and the page does not: those from before it was opened, and those of quiet services,
 * which the engine keeps longer than the ring does. Read page by page, newest first, when somebody looks for them.
 *
 *   ring            [ newest … oldest here ]
 *   older rows                             [ … oldest that the engine keeps ]
 */
export class OlderRows {
  readonly #parts: OlderRowsParts;
  readonly #phase = createStore<OlderPhase>('more');
  readonly #known: ReadonlySet<string>;
  /** The ring's oldest when this began: once that one is gone, there is a gap between the two. */
  readonly beganAt: number;
  #narrowed: Narrowed;
  #cursor: string | undefined;
  #rows: readonly Exchange[] = [];

  constructor(parts: OlderRowsParts) {
    this.#parts = parts;
    this.#narrowed = parts.narrowed;
    const { first, end } = parts.ring.get();
    this.beganAt = first;
    const ids: string[] = [];
    for (let number = first; number < end; number++) ids.push(parts.ring.at(number)?.id ?? '');
    this.#known = new Set(ids);
    this.#cursor = ids.slice(0, borderRows).sort().at(-1);
  }

  get phase(): Store<OlderPhase> {
    return this.#phase;
  }

  /** Newest first; another array whenever there are more. */
  get rows(): readonly Exchange[] {
    return this.#rows;
  }

  /** One page more; nothing while one is on its way. A page that cannot be read may be asked for again. */
  async load(): Promise<void> {
    if (this.#phase.get() !== 'more') return;
    this.#phase.set('loading');
    try {
      const cursor = this.#cursor;
      const page = await this.#parts.read({ ...this.#narrowed, limit: pageRows, ...(cursor ? { cursor } : {}) });
      const found = page.exchanges.filter((exchange) => !this.#known.has(exchange.id) && this.#parts.matches(exchange));
      if (found.length > 0) this.#rows = [...this.#rows, ...found];
      this.#goOn(page);
    } catch (error) {
      this.#phase.set('more');
      throw error;
    }
  }

  #goOn(page: ExchangePage): void {
    const narrow = Object.keys(this.#narrowed).length > 0;
    if (page.next !== null) {
      this.#cursor = page.next;
      this.#phase.set('more');
    } else if (narrow && this.#rows.length === 0) {
      // The engine is exact about letters and knows no workloads: what it does not find may be there all the same.
      this.#narrowed = {};
      this.#phase.set('more');
    } else this.#phase.set('all');
  }
}

/** The part of a filter that the engine understands: single values that must hold. What it leaves out is filtered here. */
export function narrowFilter({ terms }: Filter): Narrowed {
  const narrowed: Narrowed = {};
  for (const term of terms) {
    const [value, ...more] = term.values;
    if (value === undefined || more.length > 0 || term.negated || term.op === '!=') continue;
    Object.assign(narrowed, narrowTerm(term, value));
  }
  return narrowed;
}

function narrowTerm({ key, op }: FilterTerm, value: string): Narrowed {
  if (key === 'status') return { status: op === ':' ? value : `${op}${value}` };
  if (key === 'since' || key === 'until') return { [key]: String(parseMoment(value) ?? '') };
  if (key === 'template') return value.startsWith('/') ? { path: value.split('*', 1)[0] } : {};
  if (value.includes('*')) return {};
  if (key === 'dest') return { to: value.toLowerCase() };
  if (key === 'src') return { from: value.toLowerCase() };
  if (key === 'path') return { path: value };
  if (key === 'method') return { method: value.toUpperCase() };
  if (key === 'flag') return { flag: value.toUpperCase() };
  return key === 'trace' ? { traceId: value.toLowerCase() } : {};
}

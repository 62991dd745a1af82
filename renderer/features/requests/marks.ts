import { type Exchange, exchangeSchema } from '../../../proxy/api/exchange.schema.ts';
import type { ReadMark } from '../../../proxy/api/filter/match-exchange.ts';
import { type Annotation, annotationSchema } from '../../../proxy/api/recording.schema.ts';
import { createStore, type Store } from '../../engine/store.ts';

/** What someone marked, with the request as it was: it can be shown when nothing else keeps it any more. */
export interface Mark {
  annotation: Annotation;
  exchange: Exchange;
}
export type Marks = ReadonlyMap<string, Mark>;

const key = 'drydock.marks';
/** The oldest marks go first. */
const maxMarks = 300;

/** Pins, colours and notes on requests, kept on this machine; a recording made of them takes them along. */
export class RequestMarks {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly #marks = createStore<Marks>(new Map());

  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.#storage = storage;
    this.#marks.set(readMarks(storage));
  }

  get all(): Store<Marks> {
    return this.#marks;
  }

  /** An annotation that says nothing takes the mark away. */
  set(exchange: Exchange, annotation: Annotation | null): void {
    const next = new Map(this.#marks.get());
    next.delete(exchange.id);
    if (annotation && saysSomething(annotation)) next.set(exchange.id, { exchange: exchangeSchema.parse(exchange), annotation });
    this.#keep(next);
  }

  togglePin(exchange: Exchange): void {
    const before = this.#marks.get().get(exchange.id)?.annotation;
    this.set(exchange, { ...before, pinned: !before?.pinned });
  }

  clear(): void {
    this.#keep(new Map());
  }

  #keep(next: Map<string, Mark>): void {
    for (const id of next.keys()) {
      if (next.size <= maxMarks) break;
      next.delete(id);
    }
    if (next.size === 0) this.#storage.removeItem(key);
    else this.#storage.setItem(key, JSON.stringify([...next.values()]));
    this.#marks.set(next);
  }
}

const saysSomething = ({ pinned, colour, note }: Annotation): boolean =>
  pinned === true || colour !== undefined || (note ?? '').trim() !== '';

/** Anything unreadable, or of another version, counts as never marked. */
function readMarks(storage: Pick<Storage, 'getItem'>): Marks {
  let kept: unknown;
  try {
    kept = JSON.parse(storage.getItem(key) ?? '[]');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const marks = new Map<string, Mark>();
  for (const one of Array.isArray(kept) ? (kept as unknown[]) : []) {
    const { annotation, exchange } = (one ?? {}) as { annotation?: unknown; exchange?: unknown };
    const [marked, seen] = [annotationSchema.safeParse(annotation), exchangeSchema.safeParse(exchange)];
    if (marked.success && seen.success) marks.set(seen.data.id, { annotation: marked.data, exchange: seen.data });
  }
  return marks;
}

export const marksOf =
  (marks: Marks): ReadMark =>
  (id) => {
    const mark = marks.get(id);
    return mark ? markWords(mark.annotation) : [];
  };

/** What `mark:` finds a request by: `any`, `pinned`, its colour, and what its note says. */
function markWords({ pinned, colour, note }: Annotation): string[] {
  return ['any', ...(pinned ? ['pinned'] : []), ...(colour ? [colour] : []), ...(note ? ['noted', note] : [])];
}

import type { SimulationRequest } from '../api/simulation.schema.ts';
import { headerValue } from '../shared/header-value.ts';
import { maskBody, maskPath, templateOf } from './match/mask.ts';
import { NearestRequest } from './match/nearest-request.ts';
import { type ComparedRequest, requestDifferences } from './match/request-differences.ts';

/** A request as the matcher sees it: already redacted, body without content encoding. */
export interface StandInRequest extends ComparedRequest {
  /** Lower-case names. */
  headers: readonly (readonly [string, string])[];
  /** There was more of the body: only the template tier is asked. */
  isCut?: boolean;
  traceId: string;
  /** Of the workload it was sent to. */
  version?: string;
}

export interface StandInEntry<T> extends ComparedRequest {
  id: string;
  /** What it was recorded with; for sessions. */
  headers?: readonly (readonly [string, string])[];
  traceId?: string;
  /** Of the workload that answered. */
  version?: string;
  answer: T;
}

export type StandInOutcome<T> =
  | { tier: RecordedTier; entry: StandInEntry<T>; differs: string[]; nearest: null }
  | { tier: null; entry: null; nearest: { entry: StandInEntry<T>; differs: string[] } | null };

/** Answers of one key, in the order they were recorded. */
interface Answers<T> {
  versions: Set<string | undefined>;
  all: StandInEntry<T>[];
  bySession: Map<string, StandInEntry<T>[]>;
}

export type SequenceOptions = Pick<SimulationRequest, 'exhaustion' | 'session'>;

/** Sessions whose place in their sequences is remembered; the longest unused goes. */
const maxSessions = 10_000;
const tiers = ['exact', 'masked', 'template'] as const;
/** The tiers of recorded exchanges. */
export type RecordedTier = (typeof tiers)[number];

/**
 * Finds the recorded answer for a request. Three tiers, the narrowest that has answers wins: the same bytes, the same with volatile values
 * masked, the same method and path template. Answers of one key come in the order they were recorded, for each session on its own; a session that
 * was there when it was recorded gets its own answers. HEAD is answered from a recorded GET where there is no recorded HEAD.
 */
export class StandIn<T> {
  #options: SequenceOptions;
  readonly #byKey = new Map<string, Answers<T>>();
  readonly #nearest = new NearestRequest<StandInEntry<T>>();
  /** Session → key → answers used. */
  readonly #places = new Map<string, Map<string, number>>();
  #size = 0;

  constructor(entries: readonly StandInEntry<T>[], options: SequenceOptions) {
    this.#options = options;
    for (const entry of entries) this.add(entry);
  }

  get size(): number {
    return this.#size;
  }

  /** Sessions begin anew when they are told apart by something else. */
  change(options: SequenceOptions): void {
    const isOther = options.session !== this.#options.session;
    this.#options = options;
    if (!isOther) return;
    this.#places.clear();
    for (const answers of this.#byKey.values()) {
      answers.bySession.clear();
      for (const entry of answers.all) this.#sort(entry, answers);
    }
  }

  add(entry: StandInEntry<T>): void {
    this.#size++;
    this.#nearest.add(entry);
    for (const tier of tiers) {
      const key = keyOf(tier, entry);
      const answers = this.#byKey.get(key) ?? { versions: new Set(), all: [], bySession: new Map<string, StandInEntry<T>[]>() };
      this.#byKey.set(key, answers);
      answers.all.push(entry);
      answers.versions.add(entry.version);
      this.#sort(entry, answers);
    }
  }

  match(request: StandInRequest): StandInOutcome<T> {
    const session = sessionOf(this.#options.session, request);
    const places = this.#placesOf(session);
    const [methods, asked] = [methodsFor(request.method), request.isCut ? (['template'] as const) : tiers];
    for (const method of methods) {
      for (const tier of asked) {
        const key = keyOf(tier, { ...request, method });
        const found = this.#byKey.get(key);
        if (!found) continue;
        // A session that was recorded gets what it got then; any other all answers in their order.
        const { answers, place } = ofVersion(found, found.bySession.get(session) ?? found.all, request.version, key);
        const used = places.get(place) ?? 0;
        const at = placeIn(answers.length, used, this.#options.exhaustion);
        if (at === null)
          return { tier: null, entry: null, nearest: { entry: answers.at(-1)!, differs: [usedUp(answers.length)] } };
        places.set(place, used + 1);
        const entry = answers[at]!;
        return { tier, entry, differs: tier === 'exact' ? [] : requestDifferences({ ...request, method }, entry), nearest: null };
      }
    }
    return { tier: null, entry: null, nearest: this.#nearest.find(request) };
  }

  /** Every recorded call of the same method and path template, those of the very path first. */
  alike(request: Pick<StandInRequest, 'method' | 'path'>): StandInEntry<T>[] {
    const all = this.#byKey.get(keyOf('template', { ...request, body: '' }))?.all ?? [];
    const path = maskPath(request.path);
    const same = all.filter((entry) => maskPath(entry.path) === path);
    return same.length > 0 ? same : all;
  }

  #sort(entry: StandInEntry<T>, { bySession }: Answers<T>): void {
    const { headers = [], traceId = '' } = entry;
    const session = sessionOf(this.#options.session, { headers, traceId });
    if (session === '') return;
    const own = bySession.get(session);
    if (own) own.push(entry);
    else bySession.set(session, [entry]);
  }

  #placesOf(session: string): Map<string, number> {
    const places = this.#places.get(session) ?? new Map<string, number>();
    this.#places.delete(session);
    this.#places.set(session, places);
    if (this.#places.size > maxSessions) this.#places.delete(this.#places.keys().next().value!);
    return places;
  }
}

/** What the version that is asked had answered, in a sequence of its own; all of them where it had not answered this. */
function ofVersion<T>({ versions }: Answers<T>, answers: readonly StandInEntry<T>[], version: string | undefined, key: string) {
  if (versions.size < 2 || version === undefined) return { answers, place: key };
  const own = answers.filter((entry) => entry.version === version);
  return own.length === 0 ? { answers, place: key } : { answers: own, place: `${version} ${key}` };
}

/** Which of `count` answers comes after `used` of them; null: none any more. */
export function placeIn(count: number, used: number, exhaustion: SequenceOptions['exhaustion']): number | null {
  if (used < count) return used;
  if (exhaustion === 'miss') return null;
  return exhaustion === 'cycle' ? used % count : count - 1;
}

const usedUp = (count: number): string =>
  count === 1 ? 'its one recorded answer has been given' : `all ${count} recorded answers have been given`;

const methodsFor = (method: string): readonly string[] => (method === 'HEAD' ? ['HEAD', 'GET'] : [method]);

function keyOf(tier: RecordedTier, { method, path, body }: ComparedRequest): string {
  if (tier === 'exact') return `exact ${method} ${path}\n${body}`;
  if (tier === 'masked') return `masked ${method} ${maskPath(path)}\n${maskBody(body)}`;
  return `template ${method} ${templateOf(path)}`;
}

/** Which sequence of answers a request takes its place in. */
export function sessionOf(session: string, request: Pick<StandInRequest, 'headers' | 'traceId'>): string {
  if (session === 'none') return '';
  if (session === 'trace') return request.traceId;
  const at = session.indexOf(':');
  const [kind, name] = [session.slice(0, at), session.slice(at + 1)];
  if (kind === 'header') return headerValue(request.headers, name);
  const pairs = headerValue(request.headers, 'cookie')
    .split(';')
    .map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

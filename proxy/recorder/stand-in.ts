import type { SimulationRequest } from '../api/simulation.schema.ts';

/** A request as the matcher sees it: already redacted, body without content encoding. */
export interface StandInRequest {
  method: string;
  /** With query. */
  path: string;
  /** Lower-case names. */
  headers: readonly (readonly [string, string])[];
  body: string;
  /** There was more of the body: only the template tier is asked. */
  isCut?: boolean;
  traceId: string;
}

export interface StandInEntry<T> {
  id: string;
  method: string;
  path: string;
  body: string;
  answer: T;
}

export type StandInOutcome<T> =
  | { tier: RecordedTier; entry: StandInEntry<T>; nearest: null }
  | { tier: null; entry: null; nearest: { entry: StandInEntry<T>; differs: string[] } | null };

type Options = Pick<SimulationRequest, 'exhaustion' | 'session'>;

/** Sessions whose place in their sequences is remembered; the longest unused goes. */
const maxSessions = 10_000;
const tiers = ['exact', 'masked', 'template'] as const;
/** The tiers of recorded exchanges. */
export type RecordedTier = (typeof tiers)[number];

/**
 * Finds the recorded answer for a request. Three tiers, the narrowest that has answers wins: the same bytes, the same with volatile values
 * masked, the same method and path template. Answers of one key come in the order they were recorded, for each session on its own.
 */
export class StandIn<T> {
  readonly #options: Options;
  readonly #entries: StandInEntry<T>[] = [];
  readonly #byKey = new Map<string, StandInEntry<T>[]>();
  /** Session → key → answers used. */
  readonly #places = new Map<string, Map<string, number>>();

  constructor(entries: readonly StandInEntry<T>[], options: Options) {
    this.#options = options;
    for (const entry of entries) this.add(entry);
  }

  get size(): number {
    return this.#entries.length;
  }

  add(entry: StandInEntry<T>): void {
    this.#entries.push(entry);
    for (const tier of tiers) {
      const key = keyOf(tier, entry);
      const list = this.#byKey.get(key);
      if (list) list.push(entry);
      else this.#byKey.set(key, [entry]);
    }
  }

  match(request: StandInRequest): StandInOutcome<T> {
    const places = this.#placesOf(sessionOf(this.#options.session, request));
    for (const tier of request.isCut ? (['template'] as const) : tiers) {
      const key = keyOf(tier, request);
      const answers = this.#byKey.get(key);
      if (!answers) continue;
      const used = places.get(key) ?? 0;
      const at = this.#place(used, answers.length);
      if (at === null) break; // used up: a wider tier would answer something else
      places.set(key, used + 1);
      return { tier, entry: answers[at]!, nearest: null };
    }
    return { tier: null, entry: null, nearest: this.#nearest(request) };
  }

  #place(used: number, count: number): number | null {
    if (used < count) return used;
    if (this.#options.exhaustion === 'miss') return null;
    return this.#options.exhaustion === 'cycle' ? used % count : count - 1;
  }

  #placesOf(session: string): Map<string, number> {
    const places = this.#places.get(session) ?? new Map<string, number>();
    this.#places.delete(session);
    this.#places.set(session, places);
    if (this.#places.size > maxSessions) this.#places.delete(this.#places.keys().next().value!);
    return places;
  }

  /** The recorded request with the fewest differences, among those of the same method or the same path. */
  #nearest(request: StandInRequest): { entry: StandInEntry<T>; differs: string[] } | null {
    let best: { entry: StandInEntry<T>; differs: string[]; score: number } | null = null;
    for (const entry of this.#entries) {
      const differs = differences(request, entry);
      const score = differs.length + (templateOf(request.path) === templateOf(entry.path) ? 0 : 10);
      if (score >= 10 && request.method !== entry.method) continue;
      if (best === null || score < best.score) best = { entry, differs, score };
    }
    return best && { entry: best.entry, differs: best.differs };
  }
}

function differences(request: StandInRequest, entry: { method: string; path: string; body: string }): string[] {
  const differs: string[] = [];
  if (request.method !== entry.method) differs.push(`method ${request.method}, recorded ${entry.method}`);
  const [path = '', query = ''] = split(request.path);
  const [recordedPath = '', recordedQuery = ''] = split(entry.path);
  if (path !== recordedPath) differs.push(`path ${path}, recorded ${recordedPath}`);
  if (query !== recordedQuery) differs.push(`query ${query || '(none)'}, recorded ${recordedQuery || '(none)'}`);
  if (maskBody(request.body) !== maskBody(entry.body)) differs.push('body');
  return differs;
}

function keyOf(tier: RecordedTier, { method, path, body }: { method: string; path: string; body: string }): string {
  if (tier === 'exact') return `exact ${method} ${path}\n${body}`;
  if (tier === 'masked') return `masked ${method} ${maskPath(path)}\n${maskBody(body)}`;
  return `template ${method} ${templateOf(path)}`;
}

/** Which sequence of answers a request takes its place in. */
export function sessionOf(session: string, request: Pick<StandInRequest, 'headers' | 'traceId'>): string {
  if (session === 'trace') return request.traceId;
  const [kind, name = ''] = session.split(':', 2);
  const header = (wanted: string) => request.headers.find(([key]) => key === wanted)?.[1] ?? '';
  if (kind === 'header') return header(name.toLowerCase());
  if (kind !== 'cookie') return '';
  const pairs = header('cookie')
    .split(';')
    .map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

// ── masking ───────────────────────────────────────────────────────────────────────────────────────────────────────
const volatile: readonly RegExp[] = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, // UUID
  /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, // ISO 8601
  /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, // ULID
  /\b1\d{9}(?:\d{3})?(?:\.\d+)?\b/g, // epoch seconds or milliseconds, 2001 to 2033
  /\b[0-9a-f]{16,}\b/gi, // digests, trace ids
];

function mask(text: string): string {
  return volatile.reduce((masked, pattern) => masked.replace(pattern, '*'), text);
}

/** Query parameters in alphabetical order, volatile values masked. */
export function maskPath(path: string): string {
  const [bare = '', query = ''] = split(path);
  const sorted = query.split('&').filter(Boolean).sort().join('&');
  return mask(sorted === '' ? bare : `${bare}?${sorted}`);
}

/** JSON with members in alphabetical order and volatile values masked; other text masked as it is. */
export function maskBody(body: string): string {
  if (!/^\s*[{[]/.test(body)) return mask(body);
  try {
    return mask(JSON.stringify(sortMembers(JSON.parse(body))));
  } catch {
    return mask(body); // cut off by the capture limit, or no JSON
  }
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([name, member]) => [name, sortMembers(member)]));
}

/** `/orders/42/items/9f…` → `/orders/{}/items/{}`; without the query. */
export function templateOf(path: string): string {
  const [bare = ''] = split(path);
  return bare
    .split('/')
    .map((segment) => (/^\d+$/.test(segment) || mask(segment) === '*' ? '{}' : segment))
    .join('/');
}

function split(path: string): [string, string] {
  const at = path.indexOf('?');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}

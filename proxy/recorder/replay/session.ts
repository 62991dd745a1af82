import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { ReplayVariable } from '../../api/replay.schema.ts';
import { bodyText, recordedAnswer, replaceValues, requestTokens } from './request-text.ts';
import { type ReadableAnswer, readPlace, ruleApplies, setCookies, type VariableRule } from './variable-rule.ts';

/** What a request is sent with in place of what was recorded. */
export interface Substituted {
  path: string;
  headers: [string, string][];
  /** Null: the recorded bytes as they are. */
  body: Buffer | null;
  /** Recorded values that were replaced: those of redacted secrets too. */
  replaced: ReadonlySet<string>;
}

/**
 * The clients' memory while a recording is replayed: values that answers gave (tokens, ids, cookies), each known by what it was when it was
 * recorded. A later request that held the recorded value holds the new one. Two clients had two values, so neither gets the other's. Redacted
 * values stay equal when they were equal, so this works for secrets too, and none of them is written anywhere.
 */
export class ReplaySession {
  readonly #rules: readonly VariableRule[];
  readonly #counts: Map<string, { captured: number; used: number; problem: string }>;
  readonly #withCookies: boolean;
  readonly #values = new Map<string, string>();
  readonly #ruleOf = new Map<string, VariableRule>();
  /** Recorded value → its answer is on the way. */
  readonly #pending = new Map<string, Promise<void>>();
  /** `name=recorded` → value now. */
  readonly #cookies = new Map<string, string>();
  /** Lane → cookies of an answer that gave none of that name when it was recorded. */
  readonly #jars = new Map<string, Map<string, string>>();
  readonly #fallback: ReplaySession | null;
  /** Values of answers now → the recorded ones they stand for, of all sendings. */
  readonly #origins: Map<string, string>;

  /** `fallback` has the values that this one was never given: of writes that are sent once although reads are sent again. */
  constructor(rules: readonly VariableRule[], withCookies: boolean, fallback: ReplaySession | null = null) {
    this.#fallback = fallback;
    this.#origins = fallback === null ? new Map() : fallback.#origins;
    this.#rules = rules;
    this.#withCookies = withCookies;
    this.#counts = new Map(rules.map((rule) => [rule.text, { captured: 0, used: 0, problem: '' }]));
  }

  variables(): ReplayVariable[] {
    return this.#rules.map((rule) => ({ rule: rule.text, name: rule.name, ...this.#counts.get(rule.text)! }));
  }

  /** A difference of this answer that had to be: what a rule takes from it is another value each time, and so are cookies. */
  isGiven(root: ExchangeDetail, field: string, answer: ReadableAnswer['headers']): boolean {
    if (this.#rules.some((rule) => rule.field === field && ruleApplies(rule, root.method, root.path))) return true;
    if (field !== 'header:set-cookie' || !this.#withCookies) return false;
    const names = (headers: ReadableAnswer['headers']) => setCookies(headers).map(([name]) => name);
    return names(root.response.headers).sort().join() === names(answer).sort().join();
  }

  /** What one side has for a captured value is what the other has for it. */
  isSame(before: string, after: string): boolean {
    if (this.#origins.size === 0) return false;
    const original = (text: string) => replaceValues(text, this.#origins, () => {});
    return original(before) === original(after);
  }

  /** The answer to this call will hold values: requests that need them wait until `answered`. */
  expect(root: ExchangeDetail, answered: Promise<void>): void {
    for (const { recorded } of this.#recordedValues(root)) if (!this.#values.has(recorded)) this.#pending.set(recorded, answered);
    if (!this.#withCookies) return;
    for (const [name, value] of setCookies(root.response.headers)) this.#pending.set(`${name}=${value}`, answered);
  }

  /** Resolves when every answer that this request needs something of is there; null when there is none to wait for. */
  ready(root: ExchangeDetail): Promise<unknown> | null {
    if (this.#pending.size === 0) return null;
    const waits = new Set<Promise<void>>();
    for (const { token } of requestTokens(root)) {
      const pending = this.#pending.get(token);
      if (pending !== undefined) waits.add(pending);
    }
    for (const cookie of cookiesOf(root.request.headers)) {
      const pending = this.#pending.get(cookie.join('='));
      if (pending !== undefined) waits.add(pending);
    }
    return waits.size === 0 ? null : Promise.all(waits);
  }

  substitute(root: ExchangeDetail, lane: string): Substituted {
    const replaced = new Set<string>();
    const used = new Set<VariableRule>();
    const onUse = (value: string) => {
      replaced.add(value);
      const rule = this.#ruleOf.get(value);
      if (rule !== undefined) used.add(rule);
    };
    const values = this.#allValues();
    const headers = root.request.headers.map(([name, value]): [string, string] => {
      if (this.#withCookies && name.toLowerCase() === 'cookie') return [name, this.#cookieHeader(value, lane, replaced)];
      return [name, replaceValues(value, values, onUse)];
    });
    const jar = this.#jars.get(lane);
    if (jar !== undefined && jar.size > 0 && !headers.some(([name]) => name.toLowerCase() === 'cookie'))
      headers.push(['cookie', [...jar].map((pair) => pair.join('=')).join('; ')]);
    const text = values.size === 0 ? '' : bodyText(root.request.body);
    const changed = replaceValues(text, values, onUse);
    const path = replaceValues(root.path, encodeValues(values, root.path), onUse);
    for (const rule of used) this.#counts.get(rule.text)!.used++;
    return { path, headers, body: changed === text ? null : Buffer.from(changed), replaced };
  }

  learn(root: ExchangeDetail, lane: string, answer: ReadableAnswer): void {
    for (const { rule, recorded } of this.#recordedValues(root)) {
      const now = readPlace(rule.place, answer);
      const count = this.#counts.get(rule.text)!;
      this.#pending.delete(recorded);
      if (now === null) {
        count.problem = `an answer to ${root.method} ${root.path.split('?')[0]} had no such value`;
        continue;
      }
      count.captured++;
      this.#values.set(recorded, now);
      this.#origins.set(now, recorded);
      this.#ruleOf.set(recorded, rule);
    }
    if (this.#withCookies) this.#learnCookies(root, lane, answer);
  }

  /** Nothing came of it: nobody waits any longer. */
  giveUp(root: ExchangeDetail): void {
    for (const { recorded } of this.#recordedValues(root)) this.#pending.delete(recorded);
    for (const [name, value] of setCookies(root.response.headers)) this.#pending.delete(`${name}=${value}`);
  }

  #recordedValues(root: ExchangeDetail): { rule: VariableRule; recorded: string }[] {
    const rules = this.#rules.filter((rule) => ruleApplies(rule, root.method, root.path));
    if (rules.length === 0) return [];
    const answer = recordedAnswer(root);
    return rules.flatMap((rule) => {
      const recorded = readPlace(rule.place, answer);
      return recorded === null || recorded === '' ? [] : [{ rule, recorded }];
    });
  }

  #learnCookies(root: ExchangeDetail, lane: string, answer: ReadableAnswer): void {
    const before = new Map(setCookies(root.response.headers));
    for (const [name, recorded] of before) this.#pending.delete(`${name}=${recorded}`);
    for (const [name, value] of setCookies(answer.headers)) {
      const recorded = before.get(name);
      if (recorded !== undefined) this.#cookies.set(`${name}=${recorded}`, value);
      else if (lane !== '') {
        const jar = this.#jars.get(lane) ?? new Map<string, string>();
        this.#jars.set(lane, jar.set(name, value));
      }
    }
  }

  #cookieHeader(value: string, lane: string, replaced: Set<string>): string {
    const jar = new Map(this.#jars.get(lane) ?? []);
    const sent = cookiePairs(value).flatMap(([name, recorded]) => {
      const now = this.#cookieNow(`${name}=${recorded}`) ?? this.#allValues().get(recorded) ?? jar.get(name);
      jar.delete(name);
      if (now !== undefined) replaced.add(recorded);
      // A redacted cookie that nobody gave in this replay is worse than none.
      if (now === undefined && /^redacted-[0-9a-f]{16}$/.test(recorded)) return [];
      return [`${name}=${now ?? recorded}`];
    });
    return [...sent, ...[...jar].map((pair) => pair.join('='))].join('; ');
  }

  #allValues(): ReadonlyMap<string, string> {
    const other = this.#fallback === null ? null : this.#fallback.#values;
    return other === null || other.size === 0 ? this.#values : new Map([...other, ...this.#values]);
  }

  #cookieNow(recorded: string): string | undefined {
    const own = this.#cookies.get(recorded);
    return own ?? (this.#fallback === null ? undefined : this.#fallback.#cookieNow(recorded));
  }
}

/** In a path values stand percent-encoded. */
function encodeValues(values: ReadonlyMap<string, string>, path: string): ReadonlyMap<string, string> {
  if (values.size === 0) return values;
  const isEncoded = path.includes('%');
  return new Map(
    [...values].flatMap(([recorded, now]): [string, string][] => {
      const value = encodeURIComponent(now);
      const written = encodeURIComponent(recorded);
      return isEncoded && written !== recorded
        ? [
            [recorded, value],
            [written, value],
          ]
        : [[recorded, value]];
    }),
  );
}

function cookiesOf(headers: readonly (readonly [string, string])[]): [string, string][] {
  return headers.flatMap(([name, value]) => (name.toLowerCase() === 'cookie' ? cookiePairs(value) : []));
}

function cookiePairs(value: string): [string, string][] {
  return value.split(';').flatMap((part): [string, string][] => {
    const equals = part.indexOf('=');
    return equals < 1 ? [] : [[part.slice(0, equals).trim(), part.slice(equals + 1).trim()]];
  });
}

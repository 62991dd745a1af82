import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { VariableSuggestion } from '../../api/replay.schema.ts';
import { readJsonDocument } from '../../shared/read-json.ts';
import { recordedAnswer, requestTokens } from './request-text.ts';
import { writeRule } from './variable-rule.ts';

const MAX_VALUES = 50_000;
const MAX_PER_ANSWER = 500;
const MAX_SUGGESTIONS = 20;
/** Of one answer's JSON. */
const MAX_DEPTH = 8;
const NOT_TELLING = new Set([
  'date',
  'server',
  'content-type',
  'content-length',
  'etag',
  'vary',
  'cache-control',
  'set-cookie',
  'x-envoy-upstream-service-time',
  'x-request-id',
]);

interface Known {
  rule: string;
}

/**
 * Finds what an answer gave and a later request repeats, word for word: tokens and ids that a replay must take from its own answers. Fed with the
 * calls in the order they were recorded.
 */
export class VariableFinder {
  readonly #given = new Map<string, Known>();
  /** Words of requests: what a client said first was not given to it. */
  readonly #said = new Set<string>();
  readonly #found = new Map<string, VariableSuggestion>();

  feed(root: ExchangeDetail): void {
    const mine = new Set<string>();
    for (const { token, where } of requestTokens(root)) {
      const known = this.#given.get(token);
      if (known === undefined) {
        if (isTelling(token) && this.#said.size < MAX_VALUES) this.#said.add(token);
        continue;
      }
      const place = `${where} of ${root.method} ${root.path.split('?')[0]}`;
      const suggestion = this.#found.get(known.rule) ?? { rule: known.rule, requests: 0, where: place, example: token };
      if (!mine.has(known.rule)) suggestion.requests++;
      mine.add(known.rule);
      this.#found.set(known.rule, suggestion);
    }
    this.#take(root);
  }

  /** Most used first. */
  suggestions(): VariableSuggestion[] {
    return [...this.#found.values()].sort((a, b) => b.requests - a.requests).slice(0, MAX_SUGGESTIONS);
  }

  #take(root: ExchangeDetail): void {
    if (root.status >= 400 || this.#given.size >= MAX_VALUES) return;
    const { headers, text } = recordedAnswer(root);
    for (const [name, value] of headers)
      if (!NOT_TELLING.has(name.toLowerCase())) this.#give(root, name, `header:${name.toLowerCase()}`, value);
    const document = readJsonDocument(text);
    if (document === null) return;
    let left = MAX_PER_ANSWER;
    const walk = (value: unknown, path: string, name: string, depth: number): void => {
      if (left-- <= 0 || depth > MAX_DEPTH) return;
      if (typeof value === 'string' || typeof value === 'number') this.#give(root, name, path, String(value));
      else if (Array.isArray(value))
        for (const [i, item] of value.slice(0, 50).entries()) walk(item, `${path}[${i}]`, name, depth + 1);
      else if (typeof value === 'object' && value !== null)
        for (const [key, member] of Object.entries(value))
          walk(member, /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, key, depth + 1);
    };
    walk(document.value, '$', 'value', 0);
  }

  #give(root: ExchangeDetail, name: string, place: string, value: string): void {
    if (!isTelling(value) || this.#said.has(value) || this.#given.has(value)) return;
    this.#given.set(value, { rule: this.#ruleFor(name, place, root) });
  }

  #ruleFor(name: string, place: string, root: ExchangeDetail): string {
    const plain = name.replace(/\W+/g, '_').replace(/^(?=\d|_*$)/, 'v');
    const rule = writeRule(plain, place, root.method, root.path);
    return rule;
  }
}

/** Long enough, and not a word of a language: `redacted-…`, ids, tokens. */
function isTelling(value: string): boolean {
  if (!/^[\w.~+-]+$/.test(value)) return false;
  if (/^\d+$/.test(value)) return value.length >= 4;
  return (value.length >= 6 && /\d/.test(value) && !/^\d{4}-\d\d-\d\d$/.test(value)) || value.length >= 20;
}

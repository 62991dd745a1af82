import { RE2JS } from 're2js';
import { parseJsonPath, readJsonPath } from '../../shared/json-path.ts';
import { readJson } from '../../shared/read-json.ts';
import { parseXml, type XmlElement } from '../../shared/xml-text.ts';
import { parseXPath, readXPath } from '../../shared/xpath.ts';
import type { ValueMatcher } from './stub.ts';

/** One value of a request, as it came and as it would be recorded. Equality is asked of the recorded form: stubs are stored redacted. */
export interface MatchedText {
  text: string;
  redacted: string;
  /** Where the bytes are not UTF-8. */
  bytes?: Buffer;
}

/** Null: there is no such value. */
export type CompiledMatcher = (value: MatchedText | null) => boolean;

/** Throws a RangeError with a sentence when the matcher cannot be taken over: a pattern RE2 does not have, a path that is not understood. */
export function compileMatcher(matcher: ValueMatcher): CompiledMatcher {
  switch (matcher.is) {
    case 'anything':
      return (value) => value !== null;
    case 'absent':
      return (value) => value === null;
    case 'not': {
      const inner = compileMatcher(matcher.of);
      return (value) => !inner(value);
    }
    case 'all': {
      const inner = matcher.of.map(compileMatcher);
      return (value) => inner.every((one) => one(value));
    }
    case 'any': {
      const inner = matcher.of.map(compileMatcher);
      return (value) => inner.some((one) => one(value));
    }
    case 'jsonPath':
      return compileJsonPath(matcher.path, compileMatcher(matcher.of));
    case 'xpath':
      return compileXPath(matcher.path, compileMatcher(matcher.of));
    case 'jwt': {
      const inner = compileMatcher(matcher.of);
      return (value) => {
        const token = value === null ? null : readToken(value.text);
        return token !== null && inner({ text: token, redacted: token });
      };
    }
    default: {
      const test = compileText(matcher);
      return (value) => value !== null && test(value);
    }
  }
}

type TextMatcher = Exclude<
  ValueMatcher,
  | { is: 'anything' }
  | { is: 'absent' }
  | { is: 'not' }
  | { is: 'all' | 'any' }
  | { is: 'jsonPath' }
  | { is: 'xpath' }
  | { is: 'jwt' }
>;

function compileText(matcher: TextMatcher): (value: MatchedText) => boolean {
  switch (matcher.is) {
    case 'equal': {
      const { value: wanted, ignoreCase } = matcher;
      if (ignoreCase !== true) return ({ redacted }) => redacted === wanted;
      const folded = wanted.toLowerCase();
      return ({ redacted }) => redacted.toLowerCase() === folded;
    }
    case 'contains':
      return ({ text }) => text.includes(matcher.value);
    case 'glob':
      return ({ text }) => matchesGlob(matcher.value, text);
    case 'regex': {
      const pattern = compilePattern(matcher.value);
      return ({ text }) => (matcher.whole ? pattern.testExact(text) : pattern.matcher(text).find());
    }
    case 'number':
      return ({ text }) => comparesNumber(text, matcher.compare, matcher.value);
    case 'bytes': {
      const wanted = Buffer.from(matcher.value, 'base64');
      return ({ text, bytes }) => (bytes ?? Buffer.from(text)).equals(wanted);
    }
    case 'json':
      return ({ redacted }) => {
        const parsed = readJson(redacted);
        return parsed !== null && matchesJson(matcher, parsed.value);
      };
    case 'xml': {
      const wanted = parseXml(matcher.value);
      if (wanted === null) throw new RangeError('the XML is not well-formed');
      return ({ redacted }) => {
        const actual = parseXml(redacted);
        return actual !== null && sameXml(wanted, actual, matcher.ignore === true);
      };
    }
    case 'list':
      return ({ text }) => matchesList(matcher, text.split(';'));
  }
}

function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new RangeError(
      `the pattern ${pattern} is not RE2 (${(error as Error).message}): look-around and back references have no counterpart`,
    );
  }
}

function compileJsonPath(text: string, then: CompiledMatcher): CompiledMatcher {
  const path = parseJsonPath(text);
  if (typeof path === 'string') throw new RangeError(path);
  return (value) => {
    const parsed = value && readJson(value.text);
    if (!value || !parsed) return false;
    const found = readJsonPath(path, parsed.value);
    const clean = value.redacted === value.text ? found : readJsonPath(path, readJson(value.redacted)?.value);
    const each = found.map((one, i) => ({ text: textOf(one), redacted: textOf(clean[i] ?? one) }));
    if (each.length === 0) return then(null);
    if (each.some((one) => then(one))) return true;
    return !path.definite && then({ text: JSON.stringify(found), redacted: JSON.stringify(clean) });
  };
}

function compileXPath(text: string, then: CompiledMatcher): CompiledMatcher {
  const path = parseXPath(text);
  if (typeof path === 'string') throw new RangeError(path);
  return (value) => {
    const document = value && parseXml(value.text);
    if (!document) return false;
    const found = readXPath(path, document);
    return found.length === 0 ? then(null) : found.some((one) => then({ text: one, redacted: one }));
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Header and claims of a token, also behind `Bearer`. */
function readToken(text: string): string | null {
  const parts = text.replace(/^bearer\s+/i, '').split('.');
  if (parts.length !== 3) return null;
  const [header, payload] = parts.map((part) => readJson(Buffer.from(part, 'base64url').toString('utf8')));
  return header && payload ? JSON.stringify({ header: header.value, payload: payload.value }) : null;
}

/** Without backtracking: each part between the stars is looked for behind the one before. */
function matchesGlob(glob: string, text: string): boolean {
  const parts = glob.split('*');
  if (parts.length === 1) return glob === text;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

function comparesNumber(text: string, compare: '==' | '<' | '<=' | '>' | '>=', wanted: number): boolean {
  const actual = text.trim() === '' ? Number.NaN : Number(text);
  if (compare === '==') return actual === wanted;
  if (compare === '<') return actual < wanted;
  if (compare === '<=') return actual <= wanted;
  return compare === '>' ? actual > wanted : actual >= wanted;
}

type JsonMatcher = Extract<ValueMatcher, { is: 'json' }>;

function matchesJson(matcher: JsonMatcher, actual: unknown): boolean {
  if (sameJson(matcher, matcher.value, actual)) return true;
  if (!matcher.anywhere || typeof actual !== 'object' || actual === null) return false;
  return Object.values(actual).some((below) => matchesJson(matcher, below));
}

function sameJson(how: JsonMatcher, wanted: unknown, actual: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(actual) && sameList(how, wanted, actual);
  if (typeof wanted !== 'object' || wanted === null) return wanted === actual || isPlaceholder(wanted, actual);
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return false;
  const names = Object.keys(wanted);
  if (!how.ignoreExtra && Object.keys(actual).length !== names.length) return false;
  return names.every((name) => {
    const inner = (wanted as Record<string, unknown>)[name];
    return Object.hasOwn(actual, name) && sameJson(how, inner, (actual as Record<string, unknown>)[name]);
  });
}

/** JsonUnit's placeholders, which WireMock's equalToJson understands: `${json-unit.any-string}`. */
function isPlaceholder(wanted: unknown, actual: unknown): boolean {
  const [, kind] = typeof wanted === 'string' ? (/^[$#]\{json-unit\.(.+)\}$/.exec(wanted) ?? []) : [];
  if (kind === undefined) return false;
  if (kind === 'ignore' || kind === 'ignore-element') return true;
  return kind === `any-${typeof actual}`;
}

function sameList(how: JsonMatcher, wanted: readonly unknown[], actual: readonly unknown[]): boolean {
  if (!how.ignoreExtra && wanted.length !== actual.length) return false;
  if (!how.ignoreOrder && !how.ignoreExtra) return wanted.every((one, i) => sameJson(how, one, actual[i]));
  const left = [...actual];
  let from = 0;
  return wanted.every((one) => {
    const at = left.findIndex((candidate, i) => i >= from && sameJson(how, one, candidate));
    if (at === -1) return false;
    left.splice(at, 1);
    if (!how.ignoreOrder) from = at;
    return true;
  });
}

type ListMatcher = Extract<ValueMatcher, { is: 'list' }>;

/** As Hoverfly's array matcher decides (core/matching/matchers/array_match.go). */
function matchesList(
  { value: wanted, ignoreUnknown, ignoreOrder, ignoreOccurrences }: ListMatcher,
  actual: readonly string[],
): boolean {
  const count = (list: readonly string[], one: string) => list.filter((other) => other === one).length;
  if (!ignoreUnknown && actual.some((one) => !wanted.includes(one))) return false;
  if (!ignoreOccurrences && wanted.some((one) => count(wanted, one) !== count(actual, one))) return false;
  if (ignoreOrder) return true;
  let at = 0;
  for (const one of actual) if (at < wanted.length && one === wanted[at]) at++;
  return at === wanted.length;
}

/** `ignore`: an element of the wanted one that says `{{ ignore }}` is as good as any. */
function sameXml(wanted: XmlElement, actual: XmlElement, ignore: boolean): boolean {
  if (ignore && /^\{\{\s*ignore\s*\}\}$/.test(wanted.text)) return wanted.name === actual.name;
  const names = Object.keys(wanted.attributes);
  return (
    wanted.name === actual.name &&
    wanted.text === actual.text &&
    names.length === Object.keys(actual.attributes).length &&
    names.every((name) => wanted.attributes[name] === actual.attributes[name]) &&
    wanted.children.length === actual.children.length &&
    wanted.children.every((child, i) => sameXml(child, actual.children[i]!, ignore))
  );
}

import { RE2JS } from 're2js';
import { toWireText } from '../../shared/wire-text.ts';
import type { StringMatch } from '../snapshot.ts';

/** Says whether a value satisfies a StringMatch. Never throws, never backtracks. */
export type StringMatcher = (value: string) => boolean;

/**
 * Compiled regular expressions of one snapshot. Patterns repeat a lot (`.*`, one per subset …) and RE2 compilation costs far more than a match,
 * so the prepare step compiles each pattern once; a request never compiles one.
 */
export class RegexCache {
  readonly #compiled = new Map<string, RE2JS>();

  /** RE2 syntax. Throws RE2JSException when the pattern is not valid RE2: the prepare step turns that into a diagnostic. */
  compile(pattern: string): RE2JS {
    let regex = this.#compiled.get(pattern);
    if (regex === undefined) {
      regex = RE2JS.compile(pattern);
      this.#compiled.set(pattern, regex);
    }
    return regex;
  }

  get size(): number {
    return this.#compiled.size;
  }
}

/**
 * Compiles a StringMatch. Regexes are full matches, as everywhere in Istio; ignoreCase concerns exact, prefix and suffix only (Envoy's
 * StringMatcher ignores it for regexes, Istio's ignoreUriCase says so too).
 */
export function compileStringMatch(match: StringMatch, regexes: RegexCache): StringMatcher {
  const { kind } = match;
  // Envoy compares bytes, in regexes too: `.` is one of them.
  const value = toWireText(match.value);
  if (kind === 'present') return () => true;
  if (kind === 'regex') {
    // The two patterns people write most need no engine. `.` excludes the newline in RE2.
    if (value === '.*') return (text) => !text.includes('\n');
    if (value === '.+') return (text) => text !== '' && !text.includes('\n');
    const regex = regexes.compile(value);
    return (text) => regex.testExact(text);
  }
  if (match.ignoreCase === true) {
    const folded = value.toLowerCase();
    if (kind === 'exact') return (text) => text.length === value.length && text.toLowerCase() === folded;
    if (kind === 'prefix') return (text) => text.toLowerCase().startsWith(folded);
    return (text) => text.toLowerCase().endsWith(folded);
  }
  if (kind === 'exact') return (text) => text === value;
  if (kind === 'prefix') return (text) => text.startsWith(value);
  return (text) => text.endsWith(value);
}

/** Why `value` fails `match`, to follow the name of what was looked at: `/x` + ` does not start with /ratings`. */
export function describeMismatch(match: StringMatch, value: string): string {
  const shown = value === '' ? 'is empty, which' : value;
  switch (match.kind) {
    case 'exact':
      return `${shown} is not ${match.value === '' ? 'empty' : match.value}`;
    case 'prefix':
      return `${shown} does not start with ${match.value}`;
    case 'suffix':
      return `${shown} does not end with ${match.value}`;
    case 'regex':
      return `${shown} does not match the regex ${match.value}`;
    case 'present':
      return `${shown} is absent`;
  }
}

/** A StringMatch in words: `starts with /ratings`. */
export function describeMatch(match: StringMatch): string {
  switch (match.kind) {
    case 'exact':
      return `is ${match.value === '' ? 'empty' : match.value}`;
    case 'prefix':
      return `starts with ${match.value}`;
    case 'suffix':
      return `ends with ${match.value}`;
    case 'regex':
      return `matches the regex ${match.value}`;
    case 'present':
      return 'is present';
  }
}

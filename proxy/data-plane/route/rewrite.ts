import type { RE2JS } from 're2js';
import type { ForwardAction, RedirectAction } from '../snapshot.ts';
import { pathWithoutQuery } from './authority.ts';
import type { RegexCache } from './string-match.ts';

/** Path with query in, path with query out. The query is always kept. */
export type PathRewrite = (path: string) => string;

type RewritePath = NonNullable<ForwardAction['rewrite']>['path'];

/**
 * `prefix` swaps the matched prefix for the replacement as text, so `/foo` → `/` turns `/foo/bar` into `//bar`, as Envoy's prefix_rewrite
 * does. `pathPrefix` is Gateway API's ReplacePrefixMatch, by path element, which avoids that. `full` replaces the whole path.
 */
export function compilePathRewrite(rewrite: RewritePath, regexes: RegexCache): PathRewrite | null {
  if (rewrite === null) return null;
  if (rewrite.kind !== 'regex') return (path) => replacePath(path, rewrite);
  const regex = regexes.compile(rewrite.regex);
  const parts = parseSubstitution(rewrite.substitution);
  const groups = regex.groupCount();
  // RE2 replaces nothing when the substitution names a group that the pattern does not have.
  if (parts.some((part) => typeof part === 'number' && part > groups)) return (path) => path;
  return (path) => {
    const bare = pathWithoutQuery(path);
    return globalReplace(regex, bare, parts) + path.slice(bare.length);
  };
}

type PlainRewrite =
  | { kind: 'prefix' | 'pathPrefix'; matched: string; replacement: string }
  | { kind: 'full'; replacement: string };

function replacePath(path: string, rewrite: PlainRewrite): string {
  const bare = pathWithoutQuery(path);
  const query = path.slice(bare.length);
  if (rewrite.kind === 'full') return rewrite.replacement + query;
  if (rewrite.kind === 'prefix') return rewrite.replacement + path.slice(rewrite.matched.length);
  const matched = rewrite.matched.replace(/\/+$/, '');
  const replacement = rewrite.replacement.replace(/\/+$/, '');
  const remaining = bare.slice(matched.length);
  return `${replacement}${remaining}${replacement === '' && remaining === '' ? '/' : ''}${query}`;
}

/** What a redirect does to the path before its Location is composed; null = nothing. */
export function redirectPathRewrite(path: RedirectAction['path']): PathRewrite | null {
  return path === null || path.kind === 'full' ? null : (original) => replacePath(original, path);
}

/** RE2's rewrite syntax: `\0`…`\9` are groups, `\\` a backslash. */
function parseSubstitution(substitution: string): (string | number)[] {
  const parts: (string | number)[] = [];
  let text = '';
  for (let i = 0; i < substitution.length; i += 1) {
    const next = substitution[i + 1];
    if (substitution[i] === '\\' && next !== undefined && /[0-9\\]/.test(next)) {
      i += 1;
      if (next === '\\') text += '\\';
      else {
        parts.push(text, Number(next));
        text = '';
      }
    } else text += substitution[i];
  }
  parts.push(text);
  return parts;
}

/** RE2::GlobalReplace: every match from left to right; an empty match right behind another match is not one. */
function globalReplace(regex: RE2JS, input: string, parts: (string | number)[]): string {
  const matcher = regex.matcher(input);
  let output = '';
  let copied = 0;
  let previousEnd = -1;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (start === end && start === previousEnd) continue;
    output += input.slice(copied, start);
    for (const part of parts) {
      if (typeof part === 'string') output += part;
      else if (part <= matcher.groupCount()) output += matcher.group(part) ?? '';
    }
    copied = end;
    previousEnd = end;
  }
  return output + input.slice(copied);
}

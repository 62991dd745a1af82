import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';

/** Offsets of what a diagnostic points at; never outside the text, which may have changed since. */
export function rangeOf(text: string, { line, column, endLine, endColumn }: Diagnostic): { from: number; to: number } {
  const from = offsetOf(text, line ?? 1, column ?? 1);
  if (endLine !== undefined && endColumn !== undefined) return { from, to: Math.max(from, offsetOf(text, endLine, endColumn)) };
  const end = text.indexOf('\n', from);
  return { from, to: end < 0 ? text.length : end };
}

/** Offset of a place counted from 1. */
function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const next = text.indexOf('\n', start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return Math.min(start + Math.max(0, column - 1), end < 0 ? text.length : end);
}

/** The engine's own fix, or the one word it suggests for the range it gives. */
export function fixOf(diagnostic: Diagnostic): { title: string; replace: string } | null {
  if (diagnostic.endColumn === undefined) return null;
  if (diagnostic.fix) return diagnostic.fix;
  const meant = /^Did you mean `([^`\s]+)`\?$/.exec(diagnostic.suggestion ?? '')?.[1];
  return meant ? { title: `Change to ${meant}`, replace: meant } : null;
}

export function applyFix(text: string, diagnostic: Diagnostic): string {
  const fix = fixOf(diagnostic);
  if (!fix) return text;
  const { from, to } = rangeOf(text, diagnostic);
  return text.slice(0, from) + fix.replace + text.slice(to);
}

/** All fixes at once, each at the place it was found at; of two at one place the first is taken. */
export function applyFixes(text: string, diagnostics: readonly Diagnostic[]): string {
  const fixes = diagnostics
    .flatMap((diagnostic) => {
      const fix = fixOf(diagnostic);
      return fix ? [{ ...rangeOf(text, diagnostic), replace: fix.replace }] : [];
    })
    .sort((a, b) => a.from - b.from || a.to - b.to);
  let fixed = '';
  let at = 0;
  let last = -1;
  for (const { from, to, replace } of fixes) {
    if (from < at || from === last) continue;
    fixed += text.slice(at, from) + replace;
    at = to;
    last = from;
  }
  return fixed + text.slice(at);
}

/**
 * Istio's path normalization BASE (its default): Envoy's normalize_path, RFC 3986 §6 as Chromium's URL library does it, checked against Envoy
 * 1.40 (docs/behaviour-notes.md). Dot segments are resolved (also written as %2e, also with path parameters: `..;x`), backslashes become
 * slashes, escapes of unreserved characters are decoded, characters that a path must not hold are escaped. Repeated slashes stay; the query
 * stays as it is. Null: cannot be normalised (%00), to be answered 400 path_normalization_failed.
 * https://istio.io/latest/docs/reference/config/security/normalization/
 */
export function normalizePath(path: string): string | null {
  if (!needsWork(path)) return path;
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  const rest = end === -1 ? '' : path.slice(end);
  if (!bare.startsWith('/') && !bare.startsWith('\\')) return path;
  if (bare.includes('%00')) return null;
  return resolveDotSegments(bare.replaceAll('\\', '/')) + rest;
}

/** Most paths need nothing: one scan decides. */
function needsWork(path: string): boolean {
  for (let i = 0; i < path.length; i += 1) {
    const code = path.charCodeAt(i);
    if (code === 63 || code === 35) return false;
    // % \ and what is escaped: " < > ^ ` { | }
    if (code === 37 || code === 92 || code === 34 || code === 60 || code === 62 || code === 94 || code === 96) return true;
    if (code >= 123 && code <= 125) return true;
    if (code === 46 && i > 0 && path.charCodeAt(i - 1) === 47) return true;
  }
  return false;
}

function normalizeSegment(segment: string): string {
  return segment
    .replace(/%[0-9a-fA-F]{2}/g, decodeUnreserved)
    .replace(/["<>^`{|}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decodeUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped;
}

/** `.`, `..`, also escaped; with parameters only when the dots are written out. */
function dotsOf(raw: string, normalized: string): 0 | 1 | 2 {
  if (normalized === '.' || raw.startsWith('.;')) return 1;
  return normalized === '..' || raw.startsWith('..;') ? 2 : 0;
}

function resolveDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  segments.forEach((raw, index) => {
    const segment = normalizeSegment(raw);
    const dots = dotsOf(raw, segment);
    if (dots === 0) {
      kept.push(segment);
      return;
    }
    if (dots === 2) kept.pop();
    if (index === segments.length - 1) kept.push('');
  });
  return `/${kept.join('/')}`;
}

/**
 * Istio's path normalization BASE (its default): Envoy's normalize_path, RFC 3986 §6 as Chromium's URL library does it. Dot segments are
 * resolved (also written as %2e), backslashes become slashes, escapes of unreserved characters are decoded. Repeated slashes stay; the query
 * stays as it is. https://istio.io/latest/docs/reference/config/security/normalization/
 */
export function normalizePath(path: string): string {
  if (!needsWork(path)) return path;
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  const rest = end === -1 ? '' : path.slice(end);
  if (!bare.startsWith('/') && !bare.startsWith('\\')) return path;
  const decoded = bare.replaceAll('\\', '/').replace(/%[0-9a-fA-F]{2}/g, decodeUnreserved);
  return resolveDotSegments(decoded) + rest;
}

/** Most paths need nothing: one scan decides. */
function needsWork(path: string): boolean {
  for (let i = 0; i < path.length; i += 1) {
    const code = path.charCodeAt(i);
    if (code === 63 || code === 35) return false;
    if (code === 37 || code === 92) return true;
    if (code === 46 && i > 0 && path.charCodeAt(i - 1) === 47) return true;
  }
  return false;
}

function decodeUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped;
}

function resolveDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '.' || segment === '..') {
      if (segment === '..') kept.pop();
      if (last) kept.push('');
    } else kept.push(segment);
  });
  return `/${kept.join('/')}`;
}

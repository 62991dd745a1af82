import { readJson } from '../../shared/read-json.ts';

/* What changes from run to run and says nothing about which request it is: ids, times, digests, tokens, and the order of what has none. */

const volatile: readonly RegExp[] = [
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, // JSON web tokens
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, // UUID
  /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, // ISO 8601
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b/g, // HTTP dates
  /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, // ULID
  /\b1\d{9}(?:\d{3})?(?:\.\d+)?\b/g, // epoch seconds or milliseconds, 2001 to 2033
  /\b(?:redacted-)?[0-9a-f]{16,}\b/gi, // digests, trace ids, redacted secrets
  /\b(?=[A-Za-z0-9_]*\d)(?=[A-Za-z0-9_]*[a-z])(?=[A-Za-z0-9_]*[A-Z])[A-Za-z0-9_]{20,}\b/g, // random tokens
];
/** Longer texts are compared as they are: what masks them would cost more than it finds. */
const maxMaskedLength = 1024 * 1024;

export function mask(text: string): string {
  if (text.length > maxMaskedLength) return text;
  return volatile.reduce((masked, pattern) => masked.replace(pattern, '*'), text);
}

/** Query parameters in alphabetical order, volatile values masked. */
export function maskPath(path: string): string {
  const [bare, query] = splitPath(path);
  const sorted = sortParameters(query);
  return mask(sorted === '' ? bare : `${bare}?${sorted}`);
}

/** JSON and forms with members in alphabetical order, multipart without its boundary; volatile values masked. Other text masked as it is. */
export function maskBody(body: string): string {
  // Bytes that are no text have nothing to mask.
  if (body === '' || body.length > maxMaskedLength || body.startsWith('base64:')) return body;
  if (/^\s*[{[]/.test(body)) {
    const json = readJson(body);
    return mask(json === null ? body : JSON.stringify(sortMembers(json.value)));
  }
  const boundary = boundaryOf(body);
  if (boundary !== null) return mask(body.replaceAll(boundary, '--*'));
  return mask(isForm(body) ? sortParameters(body) : body);
}

/** `/orders/42/items/9f…` → `/orders/{}/items/{}`; without the query. */
export function templateOf(path: string): string {
  return splitPath(path)[0]
    .split('/')
    .map((segment) => (/^\d+$/.test(segment) || mask(segment) === '*' ? '{}' : segment))
    .join('/');
}

/** Path and query, without the question mark. */
export function splitPath(path: string): [string, string] {
  const at = path.indexOf('?');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}

/** `a=1&b=2`, and nothing else. */
export const isForm = (text: string): boolean =>
  text.length <= maxMaskedLength && /^[\w.%+[\]-]+=[^&\s]*(?:&[\w.%+[\]-]+=[^&\s]*)*$/.test(text);

/** `--boundary`, where the text is multipart. */
export const boundaryOf = (text: string): string | null => /^(--[^\r\n]{4,72})\r\ncontent-/i.exec(text)?.[1] ?? null;

const sortParameters = (query: string): string => query.split('&').filter(Boolean).sort().join('&');

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([name, member]) => [name, sortMembers(member)]));
}

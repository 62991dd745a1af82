import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';

type Match = NonNullable<FaultSpec['match']>[number];
type StringMatch = NonNullable<Match['uri']>;

/** The conditions of a form: `name: value` is exact, `name: value*` begins with, `name: ~expression` is a regular expression; several by `;`. */
export interface MatchForm {
  method: string;
  pathIs: 'prefix' | 'exact' | 'regex';
  path: string;
  header: string;
  query: string;
}

/** The first match of a fault as the form writes it. */
export function writeMatch(match: Match | undefined): MatchForm {
  const uri = match?.uri ?? {};
  const pathIs = uri.exact !== undefined ? 'exact' : uri.regex !== undefined ? 'regex' : 'prefix';
  return {
    method: match?.method === undefined ? '' : writeValue(match.method),
    pathIs,
    path: uri[pathIs] ?? '',
    header: writePairs(match?.headers, ': '),
    query: writePairs(match?.queryParams, '='),
  };
}

/** Which requests a fault meets, in one line: `GET /pay*, header x-qa: 1, or 2 more`; '' for all. */
export function describeMatch([first, ...more]: readonly Match[] = []): string {
  if (first === undefined) return '';
  const { method, pathIs, path, header, query } = writeMatch(first);
  const pathWords = path === '' ? '' : { exact: path, prefix: `${path}*`, regex: `~${path}` }[pathIs];
  const words = [`${method} ${pathWords}`.trim(), header && `header ${header}`, query && `query ${query}`].filter(Boolean);
  const known = ['method', 'uri', 'headers', 'queryParams'];
  const others = Object.keys(first).filter((key) => !known.includes(key));
  return [...words, ...others, more.length > 0 && `or ${more.length} more`].filter(Boolean).join(', ');
}

/** The form's conditions, or what is wrong with them in words. */
export function readMatch(
  form: MatchForm,
): { match: Pick<Match, 'uri' | 'method' | 'headers' | 'queryParams'> } | { problem: string } {
  const headers = readPairs(form.header);
  if (headers === null) return { problem: 'Write the header as name: value' };
  const queryParams = readPairs(form.query);
  if (queryParams === null) return { problem: 'Write the query parameter as name=value' };
  const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    match: {
      ...(form.path.trim() === '' ? {} : { uri: { [form.pathIs]: form.path.trim() } }),
      ...(form.method.trim() === '' ? {} : { method: readValue(form.method.trim()) }),
      ...(Object.keys(headers).length === 0 ? {} : { headers: lowerCase }),
      ...(Object.keys(queryParams).length === 0 ? {} : { queryParams }),
    },
  };
}

function readPairs(text: string): Record<string, StringMatch> | null {
  const pairs: Record<string, StringMatch> = {};
  for (const part of text.split(';').map((one) => one.trim())) {
    if (part === '') continue;
    const found = /^([\w-]+)\s*[:=]\s*(.+)$/.exec(part);
    if (!found) return null;
    pairs[found[1]!] = readValue(found[2]!);
  }
  return pairs;
}

function readValue(text: string): StringMatch {
  if (text.startsWith('~')) return { regex: text.slice(1) };
  return text.length > 1 && text.endsWith('*') ? { prefix: text.slice(0, -1) } : { exact: text };
}

function writePairs(pairs: Record<string, StringMatch> | undefined, between: string): string {
  return Object.entries(pairs ?? {})
    .map(([name, value]) => `${name}${between}${writeValue(value)}`)
    .join('; ');
}

function writeValue({ exact, prefix, regex }: StringMatch): string {
  if (regex !== undefined) return `~${regex}`;
  return prefix !== undefined ? `${prefix}*` : (exact ?? '');
}

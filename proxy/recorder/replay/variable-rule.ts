import { type JsonPath, parseJsonPath, readJsonPath } from '../../shared/json-path.ts';
import { readJsonDocument } from '../../shared/read-json.ts';
import { templateOf } from '../match/mask.ts';

/** Where in an answer a variable's value is. */
export type VariablePlace =
  | { kind: 'json'; path: JsonPath }
  | { kind: 'header'; name: string }
  | { kind: 'cookie'; name: string };

export interface VariableRule {
  text: string;
  name: string;
  place: VariablePlace;
  /** What a comparison calls that place: `$.access_token`, `header:location`. */
  field: string;
  /** '*' for any. */
  method: string;
  path: RegExp;
}

const GRAMMAR = /^\s*([A-Za-z_][\w-]*)\s*=\s*(.+?)\s+from\s+([A-Za-z]+|\*)\s+(\S+)\s*$/;
const VARIABLE_GRAMMAR =
  'write NAME=PLACE from METHOD PATH, with PLACE as $.json.path, header:NAME or cookie:NAME, and * or {} in PATH for any one part: token=$.access_token from POST /login';

/** A rule, or a sentence that says what of it is not understood. */
export function parseVariableRule(text: string): VariableRule | string {
  const match = GRAMMAR.exec(text);
  if (match === null) return `The variable "${text}" is not understood; ${VARIABLE_GRAMMAR}`;
  const [, name = '', where = '', method = '', path = ''] = match;
  const place = parsePlace(where);
  if (typeof place === 'string') return `The variable "${text}": ${place}`;
  const field = place.kind === 'json' ? where : place.kind === 'header' ? `header:${place.name}` : 'header:set-cookie';
  return { text: text.trim(), name, place, field, method: method.toUpperCase(), path: pathPattern(path) };
}

function parsePlace(text: string): VariablePlace | string {
  const [, kind, name] = /^(header|cookie):(\S+)$/i.exec(text) ?? [];
  if (name !== undefined)
    return kind!.toLowerCase() === 'header' ? { kind: 'header', name: name.toLowerCase() } : { kind: 'cookie', name };
  if (!text.startsWith('$')) return `"${text}" is none of $.json.path, header:NAME, cookie:NAME`;
  const path = parseJsonPath(text);
  return typeof path === 'string' ? path : { kind: 'json', path };
}

/** Without the query; `*` and `{}` stand for one part of the path, a `*` at the end for all the rest. */
function pathPattern(path: string): RegExp {
  const rest = path.endsWith('/*');
  const parts = (rest ? path.slice(0, -2) : path)
    .split('/')
    .map((part) => (part === '*' || /^\{.*\}$/.test(part) ? '[^/]+' : literally(part)));
  return new RegExp(`^${parts.join('/')}${rest ? '(?:/.*)?' : ''}$`);
}
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export function ruleApplies(rule: VariableRule, method: string, path: string): boolean {
  return (rule.method === '*' || rule.method === method.toUpperCase()) && rule.path.test(path.split('?')[0] ?? '');
}

export interface ReadableAnswer {
  headers: readonly (readonly [string, string])[];
  /** Decoded; '' for none. */
  text: string;
}

/** The value at that place as text; null when there is none. */
export function readPlace(place: VariablePlace, answer: ReadableAnswer): string | null {
  if (place.kind === 'header') return answer.headers.find(([name]) => name.toLowerCase() === place.name)?.[1] ?? null;
  if (place.kind === 'cookie') return setCookies(answer.headers).find(([name]) => name === place.name)?.[1] ?? null;
  const document = readJsonDocument(answer.text);
  if (document === null) return null;
  const [value] = readJsonPath(place.path, document.value);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** Name and value of each cookie given. */
export function setCookies(headers: ReadableAnswer['headers']): [string, string][] {
  const cookies: [string, string][] = [];
  for (const [name, value] of headers) {
    if (name.length !== 'set-cookie'.length || name.toLowerCase() !== 'set-cookie') continue;
    const pair = value.split(';')[0] ?? '';
    const equals = pair.indexOf('=');
    if (equals >= 1) cookies.push([pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]);
  }
  return cookies;
}

/** The rule for a value found at `place` of an answer to that call, in the grammar above. */
export function writeRule(name: string, place: string, method: string, path: string): string {
  return `${name}=${place} from ${method} ${templateOf(path)}`;
}

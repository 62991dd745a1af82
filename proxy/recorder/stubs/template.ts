import { parseJsonPath, readJsonPath } from '../../shared/json-path.ts';
import { decodePercents } from '../../shared/percent-decoding.ts';
import { parseXml } from '../../shared/xml-text.ts';
import { parseXPath, readXPath } from '../../shared/xpath.ts';
import { formatNow } from './template-time.ts';

/*
 * Small templates in answers, in the syntax that Hoverfly's and WireMock's Handlebars share: `{{request.path.[1]}}`,
 * `{{jsonPath request.body '$.id'}}`, `{{now offset='-1 days' format='yyyy-MM-dd'}}`. Lookups and a fixed list of helpers: no blocks, no code.
 */

/** What a template may look at. */
export interface TemplateScope {
  request: {
    method: string;
    scheme: string;
    host: string;
    /** With query. */
    url: string;
    headers: readonly (readonly [string, string])[];
    body: string;
  };
  pathParameters: Readonly<Record<string, string>>;
  state: Readonly<Record<string, string>>;
  literals: Readonly<Record<string, string>>;
  variables: Readonly<Record<string, string>>;
  /** What the stub itself gives its template. */
  parameters?: Readonly<Record<string, string>>;
  /** Counts up from 1 by name. */
  sequence(name: string): number;
  /** Epoch milliseconds. */
  now: number;
  /** Uniform [0,1). */
  random(): number;
}

type Expression =
  | { kind: 'text'; value: string }
  | { kind: 'call'; name: string; arguments: readonly Expression[]; named: Readonly<Record<string, Expression>> };
type Part = string | { source: string; expression: Expression };
export type Template = readonly Part[];

const maxDepth = 5;

/** The template, and the expressions it cannot evaluate: these are sent as they stand. */
export function parseTemplate(text: string): { template: Template; unknown: string[] } {
  const parts: Part[] = [];
  const unknown: string[] = [];
  let at = 0;
  for (const match of text.matchAll(/\{\{\{([^{}]*)\}\}\}|\{\{([^{}]*)\}\}/g)) {
    parts.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const expression = parseExpression(match[1] ?? match[2] ?? '');
    if (expression === null || !isKnown(expression)) {
      unknown.push(match[0]);
      parts.push(match[0]);
    } else parts.push({ source: match[0], expression });
  }
  parts.push(text.slice(at));
  return { template: parts, unknown };
}

/** What cannot be had, such as a header that was not sent, is empty. */
export function renderTemplate(template: Template, scope: TemplateScope): string {
  return template.map((part) => (typeof part === 'string' ? part : evaluate(part.expression, scope, 0))).join('');
}

// ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────
const wordPattern =
  /\s*(?:([A-Za-z][\w-]*)=(?=\S)|(\()|(\))|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|((?:\[[^\]]*\]|[^\s()'"=[\]])+))/y;

function parseExpression(text: string): Expression | null {
  const words = new RegExp(wordPattern);
  const next = () => {
    if (text.slice(words.lastIndex).trim() === '') return null;
    return words.exec(text);
  };
  const call = (depth: number): Expression | null => {
    let name: string | null = null;
    let waiting: string | null = null;
    const args: Expression[] = [];
    const named: Record<string, Expression> = Object.create(null);
    for (let word = next(); ; word = next()) {
      if (word === null || word[3] !== undefined) {
        const isClosed = depth === 0 ? word === null && text.slice(words.lastIndex).trim() === '' : word !== null;
        return isClosed && name !== null && waiting === null ? { kind: 'call', name, arguments: args, named } : null;
      }
      if (word[1] !== undefined) {
        waiting = word[1];
        continue;
      }
      const quoted = word[4] ?? word[5];
      let value: Expression | null;
      if (word[2] !== undefined) value = depth < maxDepth ? call(depth + 1) : null;
      else if (quoted !== undefined) value = { kind: 'text', value: quoted.replace(/\\(['"\\])/g, '$1') };
      else if (name === null) {
        name = word[6]!;
        continue;
      } else if (/^-?\d+(\.\d+)?$|^(true|false)$/.test(word[6]!)) value = { kind: 'text', value: word[6]! };
      else value = { kind: 'call', name: word[6]!, arguments: [], named: {} };
      if (value === null || name === null) return null;
      if (waiting !== null) named[waiting] = value;
      else args.push(value);
      waiting = null;
    }
  };
  return call(0);
}

function isKnown(expression: Expression): boolean {
  if (expression.kind === 'text') return true;
  const known = Object.hasOwn(helpers, expression.name) || isLookup(expression.name);
  return known && [...expression.arguments, ...Object.values(expression.named)].every(isKnown);
}

// ── looking up ────────────────────────────────────────────────────────────────────────────────────────────────────
const requestParts =
  /^(?:method|scheme|host|port|url|path|pathSegments|query|queryParam|headers?|cookies|body|baseUrl|formData)$/i;

/** `request.path.[1]` → request, path, 1 */
const segmentsOf = (name: string): string[] => [...name.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map((match) => match[1] ?? match[0]);

function isLookup(name: string): boolean {
  const [first = '', second = ''] = segmentsOf(name);
  if (/^request$/i.test(first)) return requestParts.test(second);
  return /^(?:state|literals|vars|parameters)$/i.test(first) && second !== '';
}

function lookUp(name: string, scope: TemplateScope, depth: number): string {
  const [first = '', second = '', ...rest] = segmentsOf(name);
  const one = rest[0] ?? '';
  const own = (record: Readonly<Record<string, string>>, key: string) => (Object.hasOwn(record, key) ? record[key]! : '');
  if (/^state$/i.test(first)) return own(scope.state, [second, ...rest].join('.'));
  if (/^literals$/i.test(first)) return own(scope.literals, second);
  if (/^parameters$/i.test(first)) return own(scope.parameters ?? {}, second);
  if (/^vars$/i.test(first)) {
    const { template } = parseTemplate(`{{${own(scope.variables, second)}}}`);
    const [, part] = template;
    return depth < maxDepth && typeof part === 'object' ? evaluate(part.expression, scope, depth + 1) : '';
  }
  return requestPart(second.toLowerCase(), one, rest[1], scope);
}

function requestPart(part: string, one: string, more: string | undefined, { request, pathParameters }: TemplateScope): string {
  const [path = '', query = ''] = request.url.split(/\?(.*)/s);
  const [host = '', port] = request.host.split(/:(\d+)$/);
  switch (part) {
    case 'method':
    case 'scheme':
    case 'body':
    case 'url':
      return request[part];
    case 'host':
      return host;
    case 'port':
      return port ?? (request.scheme === 'https' ? '443' : '80');
    case 'baseurl':
      return `${request.scheme}://${request.host}`;
    case 'path':
    case 'pathsegments': {
      if (one === '') return path;
      if (Object.hasOwn(pathParameters, one)) return pathParameters[one]!;
      return path.split('/').slice(1)[Number(one)] ?? '';
    }
    case 'query':
    case 'queryparam':
      return new URLSearchParams(query).getAll(one)[Number(more ?? 0)] ?? '';
    case 'formdata':
      return new URLSearchParams(request.body).getAll(one)[Number(more ?? 0)] ?? '';
    case 'cookies':
      return cookieOf(request.headers, one);
    default:
      return request.headers.filter(([name]) => name.toLowerCase() === one.toLowerCase())[Number(more ?? 0)]?.[1] ?? '';
  }
}

function cookieOf(headers: readonly (readonly [string, string])[], wanted: string): string {
  const cookies = headers.filter(([name]) => name.toLowerCase() === 'cookie').flatMap(([, value]) => value.split(/;\s*/));
  return cookies.find((cookie) => cookie.startsWith(`${wanted}=`))?.slice(wanted.length + 1) ?? '';
}

// ── helpers ───────────────────────────────────────────────────────────────────────────────────────────────────────
interface Call {
  /** By position; '' when there is none. */
  at(index: number): string;
  /** How many there are. */
  count: number;
  /** By name; undefined when it is not given. */
  named(name: string): string | undefined;
  scope: TemplateScope;
}

function evaluate(expression: Expression, scope: TemplateScope, depth: number): string {
  if (expression.kind === 'text') return expression.value;
  const { name, arguments: given, named } = expression;
  const value = (inner: Expression | undefined) => (inner === undefined ? undefined : evaluate(inner, scope, depth + 1));
  const call: Call = { at: (i) => value(given[i]) ?? '', count: given.length, named: (key) => value(named[key]), scope };
  // `Request.Body 'jsonpath' '$.id'` is Hoverfly's way to ask.
  if (/^request\.body$/i.test(name) && given.length === 2) return extract(call.at(0), call.at(1), scope.request.body);
  return Object.hasOwn(helpers, name) ? helpers[name]!(call) : lookUp(name, scope, depth);
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz';
const alphabets: Readonly<Record<string, string>> = {
  ALPHANUMERIC: `${alphabet}0123456789`,
  ALPHABETIC: alphabet,
  NUMERIC: '0123456789',
  HEXADECIMAL: '0123456789abcdef',
  ALPHANUMERIC_AND_SYMBOLS: `${alphabet}0123456789!@#%&*-_`,
};
const maxRandomLength = 10_000;

const helpers: Readonly<Record<string, (call: Call) => string>> = {
  jsonPath: ({ at }) => extract('jsonpath', at(1), at(0)),
  xPath: ({ at }) => extract('xpath', at(1), at(0)),
  requestBody: ({ at, scope }) => extract(at(0), at(1), scope.request.body),
  sequence: ({ at, scope }) => String(scope.sequence(at(0))),
  now: ({ at, named, scope }) => formatNow(scope.now, named('offset') ?? at(0), named('format') ?? at(1)),
  iso8601DateTime: ({ scope }) => formatNow(scope.now, '', ''),
  randomUuid: ({ scope }) => uuid(scope.random),
  randomValue: ({ named, scope }) => {
    const type = (named('type') ?? 'ALPHANUMERIC').toUpperCase();
    if (type === 'UUID') return uuid(scope.random);
    const text = randomText(scope, alphabets[type] ?? alphabet, Number(named('length') ?? 36));
    return named('uppercase') === 'true' ? text.toUpperCase() : text;
  },
  randomString: ({ scope }) => randomText(scope, alphabet, 10),
  randomStringLength: ({ at, scope }) => randomText(scope, alphabet, Number(at(0))),
  randomBoolean: ({ scope }) => String(scope.random() < 0.5),
  randomInteger: ({ scope }) => integer(scope, 0, 2 ** 31 - 1),
  randomIntegerRange: ({ at, scope }) => integer(scope, Number(at(0)), Number(at(1))),
  randomInt: ({ named, scope }) => integer(scope, Number(named('lower') ?? 0), Number(named('upper') ?? 2 ** 31) - 1),
  randomFloat: ({ scope }) => scope.random().toFixed(6),
  randomFloatRange: ({ at, scope }) => between(scope, Number(at(0)), Number(at(1))).toFixed(6),
  randomDecimal: ({ named, scope }) => String(between(scope, Number(named('lower') ?? 0), Number(named('upper') ?? 1))),
  randomIPv4: ({ scope }) => Array.from({ length: 4 }, () => integer(scope, 0, 255)).join('.'),
  randomEmail: ({ scope }) => `${randomText(scope, alphabet, 8)}@example.com`,
  upper: ({ at }) => at(0).toUpperCase(),
  lower: ({ at }) => at(0).toLowerCase(),
  trim: ({ at }) => at(0).trim(),
  replace: ({ at }) => (at(1) === '' ? at(0) : at(0).replaceAll(at(1), () => at(2))),
  substring: ({ at }) => at(0).slice(Number(at(1)), at(2) === '' ? undefined : Number(at(2))),
  length: ({ at }) => String([...at(0)].length),
  capitalize: ({ at }) => at(0).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  urlEncode: ({ at, named }) => (named('decode') === 'true' ? decodePercents(at(0)) : encodeURIComponent(at(0))),
  pickRandom: ({ at, count, scope }) => at(Math.floor(scope.random() * count)),
  math: ({ at }) => calculate(Number(at(0)), at(1), Number(at(2))),
  base64: ({ at, named }) =>
    named('decode') === 'true' ? Buffer.from(at(0), 'base64').toString('utf8') : Buffer.from(at(0)).toString('base64'),
};

/** '' for what is no number. */
function calculate(a: number, operator: string, b: number): string {
  const results: Readonly<Record<string, number>> = { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b };
  const result = results[operator];
  return result === undefined || !Number.isFinite(result) ? '' : String(result);
}

/** By JSONPath or XPath; '' when the text is neither or has nothing there. */
function extract(language: string, path: string, text: string): string {
  if (language.toLowerCase() === 'xpath') {
    const xpath = parseXPath(path);
    const document = parseXml(text);
    return typeof xpath === 'string' || document === null ? '' : (readXPath(xpath, document)[0] ?? '');
  }
  const parsed = parseJsonPath(path);
  if (typeof parsed === 'string') return '';
  try {
    const found = readJsonPath(parsed, JSON.parse(text));
    const value = parsed.definite ? found[0] : found;
    return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  } catch (error) {
    if (error instanceof SyntaxError) return ''; // no JSON
    throw error;
  }
}

function randomText({ random }: TemplateScope, letters: string, length: number): string {
  const bounded = Number.isFinite(length) ? Math.min(Math.max(0, Math.floor(length)), maxRandomLength) : 0;
  return Array.from({ length: bounded }, () => letters[Math.floor(random() * letters.length)]).join('');
}

const between = ({ random }: TemplateScope, lower: number, upper: number): number => lower + random() * (upper - lower);
const integer = (scope: TemplateScope, lower: number, upper: number): string =>
  String(Math.floor(between(scope, lower, upper + 1)));

function uuid(random: () => number): string {
  const hex = (length: number) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(random() * 4)]}${hex(3)}-${hex(12)}`;
}

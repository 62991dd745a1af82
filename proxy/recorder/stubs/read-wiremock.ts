import { ownValue } from '../../shared/own-value.ts';
import { ImportNotes } from '../import-notes.ts';
import { type JsonObject, listOf, numberOf, objectOf, stringOf, textOf } from '../read-json.ts';
import { readAnswerHeaders, readStatus } from './answer-parts.ts';
import { fileBody } from './file-body.ts';
import { compileMatcher } from './match-value.ts';
import { noteTemplate } from './note-template.ts';
import type { Delay, Stub, StubCondition, StubFault, Stubs, ValueMatcher } from './stub.ts';
import { jsonOf, Untakeable } from './untakeable.ts';

/*
 * WireMock mappings (https://wiremock.org/docs/stubbing/): one mapping, a list, or an export with `mappings`. The lowest priority wins; of
 * equals the first of the file, which is how WireMock's own import reads its exports (WireMockApp.importStubs reverses before adding).
 */

const started = 'Started';
const defaultPriority = 5;

/** The stubs of a mappings file and a report. `files` are the bodies that lie beside it, by their names in `__files`. */
export function readWireMock(
  mappings: readonly unknown[],
  files: ReadonlyMap<string, Buffer> = new Map(),
): { stubs: Stubs; notes: ImportNotes } {
  const notes = new ImportNotes();
  const stubs: Stub[] = [];
  for (const [i, entry] of mappings.entries()) {
    const mapping = objectOf(entry) ?? {};
    const name = stringOf(mapping.name);
    const id = name === '' ? `mapping ${i + 1}` : `mapping ${i + 1} "${name}"`;
    try {
      stubs.push(readMapping(id, mapping, notes, files));
    } catch (error) {
      if (!(error instanceof Untakeable)) throw error;
      notes.add(id, error.field, `${error.message}; the mapping is left out`);
    }
  }
  const scenarios = stubs.flatMap(({ requires, sets }) => [...Object.keys(requires), ...Object.keys(sets)]);
  return {
    stubs: {
      ...{ source: 'wiremock', stubs, state: Object.fromEntries(scenarios.map((key) => [key, started])) },
      ...{ delays: [], literals: {}, variables: {} },
    },
    notes,
  };
}

const mappingFields =
  'id uuid name request response priority scenarioName requiredScenarioState newScenarioState persistent metadata insertionIndex';

function readMapping(id: string, mapping: JsonObject, notes: ImportNotes, files: ReadonlyMap<string, Buffer>): Stub {
  for (const field of Object.keys(mapping)) if (!mappingFields.split(' ').includes(field)) notes.add(id, field, 'is left out');
  const scenario = stringOf(mapping.scenarioName);
  const state = (value: unknown): Record<string, string> =>
    scenario === '' || stringOf(value) === '' ? {} : { [scenario]: stringOf(value) };
  const request = objectOf(mapping.request) ?? objectOf(mapping.newRequest) ?? {};
  const pathTemplate = stringOf(request.urlPathTemplate);
  return {
    ...{ id, conditions: readRequest(request, notes), priority: numberOf(mapping.priority) || defaultPriority, points: 0 },
    ...(pathTemplate === '' ? {} : { pathTemplate }),
    requires: state(mapping.requiredScenarioState),
    sets: state(mapping.newScenarioState),
    removes: [],
    answer: readAnswer(id, objectOf(mapping.response) ?? {}, notes, files),
  };
}

// ── request ───────────────────────────────────────────────────────────────────────────────────────────────────────
function readRequest(request: JsonObject, notes: ImportNotes): StubCondition[] {
  const conditions: StubCondition[] = [];
  for (const [field, value] of Object.entries(request)) {
    if (value === null || value === undefined) continue;
    conditions.push(...readField(field, value, notes));
  }
  return conditions;
}

function readField(field: string, value: unknown, notes: ImportNotes): StubCondition[] {
  const equal = (on: StubCondition['on']): StubCondition[] => [{ on, matcher: { is: 'equal', value: textOf(value) } }];
  const pattern = (on: StubCondition['on']): StubCondition[] => [
    { on, matcher: checked({ is: 'regex', value: textOf(value), whole: true }, `request.${field}`) },
  ];
  switch (field) {
    case 'method':
      return value === 'ANY' ? [] : equal('method');
    case 'url':
      return equal('url');
    case 'urlPath':
      return equal('path');
    case 'urlPattern':
      return pattern('url');
    case 'urlPathPattern':
      return pattern('path');
    case 'urlPathTemplate':
      return [];
    case 'host':
      return [{ on: 'host', matcher: readMatcher(value, 'request.host') }];
    case 'headers':
      return named('header', value, field);
    case 'queryParameters':
      return named('query', value, field);
    case 'cookies':
      return named('cookie', value, field);
    case 'formParameters':
      return named('form', value, field);
    case 'pathParameters':
      return named('pathParameter', value, field);
    case 'basicAuth':
    case 'basicAuthCredentials':
      return [basicAuth(objectOf(value) ?? {})];
    case 'bodyPatterns':
      return listOf(value).map((one, i) => ({ on: 'body', matcher: readMatcher(one, `request.bodyPatterns[${i}]`) }));
    case 'multipartPatterns':
      return listOf(value).map((one, i) => readPart(one, `request.multipartPatterns[${i}]`));
    case 'scheme':
    case 'port':
      notes.add('', `request.${field}`, 'is not looked at: it is the sidecar that calls');
      return [];
    default:
      throw new Untakeable(`request.${field}`, 'has no counterpart here');
  }
}

function named(on: StubCondition['on'], value: unknown, field: string): StubCondition[] {
  return Object.entries(objectOf(value) ?? {}).flatMap(([name, one]) =>
    readValues({ on, name }, one, `request.${field}.${name}`),
  );
}

/** `includes` and `hasExactly` speak of several values of one name: each must be there; and no other. */
function readValues(place: Pick<StubCondition, 'on' | 'name'>, value: unknown, field: string): StubCondition[] {
  const { includes, hasExactly } = objectOf(value) ?? {};
  const [kind, list] = includes === undefined ? ['hasExactly', hasExactly] : ['includes', includes];
  if (list === undefined) return [{ ...place, matcher: readMatcher(value, field) }];
  const wanted = listOf(list);
  const count = kind === 'hasExactly' ? { count: wanted.length } : {};
  return wanted.map((one, i) => ({ ...place, ...count, required: true, matcher: readMatcher(one, `${field}.${kind}[${i}]`) }));
}

/** One part of the body: by its name, or any; what is in it. */
function readPart(value: unknown, field: string): StubCondition {
  const { matchingType, name, fileName, headers, multipartHeaders, bodyPatterns } = objectOf(value) ?? {};
  if (stringOf(matchingType) === 'ALL')
    throw new Untakeable(`${field}.matchingType`, 'conditions on all parts have no counterpart here');
  if (stringOf(fileName) !== '') throw new Untakeable(`${field}.fileName`, 'has no counterpart here');
  const others = Object.keys(objectOf(headers) ?? objectOf(multipartHeaders) ?? {});
  const byHeader = others.length === 1 ? nameInHeader(objectOf(headers) ?? objectOf(multipartHeaders) ?? {}) : '';
  if (others.length > 0 && byHeader === '')
    throw new Untakeable(`${field}.headers`, 'headers of a part have no counterpart here');
  const within = listOf(bodyPatterns).map((one, i) => readMatcher(one, `${field}.bodyPatterns[${i}]`));
  const wanted = stringOf(name) || byHeader;
  const matcher: ValueMatcher = within.length === 0 ? { is: 'anything' } : { is: 'all', of: within };
  return { on: 'part', required: true, matcher, ...(wanted === '' ? {} : { name: wanted }) };
}

/** Recorders name a part by its Content-Disposition: `{"contains": "name=\"file\""}`. */
function nameInHeader(headers: JsonObject): string {
  const [[header = '', matcher] = []] = Object.entries(headers);
  if (header.toLowerCase() !== 'content-disposition') return '';
  return /^(?:form-data; )?name="([^"]+)"$/.exec(stringOf(objectOf(matcher)?.contains))?.[1] ?? '';
}

function basicAuth({ username, password }: JsonObject): StubCondition {
  const credentials = Buffer.from(`${textOf(username)}:${textOf(password)}`).toString('base64');
  return { on: 'header', name: 'authorization', matcher: { is: 'equal', value: `Basic ${credentials}` } };
}

function checked(matcher: ValueMatcher, field: string): ValueMatcher {
  try {
    compileMatcher(matcher);
    return matcher;
  } catch (error) {
    if (error instanceof RangeError) throw new Untakeable(field, error.message);
    throw error;
  }
}

const settings = new Set([
  'caseInsensitive',
  'ignoreArrayOrder',
  'ignoreExtraElements',
  'xPathNamespaces',
  'enablePlaceholders',
  'placeholderOpeningDelimiterRegex',
  'placeholderClosingDelimiterRegex',
  'ignoreOrderOfSameNode',
  'namespaceAwareness',
]);

function readMatcher(value: unknown, field: string): ValueMatcher {
  // A bare text is what it must equal.
  if (typeof value === 'string') return { is: 'equal', value };
  const given = objectOf(value) ?? {};
  const all = Object.entries(given)
    .filter(([kind]) => !settings.has(kind))
    .map(([kind, wanted]) => checked(toMatcher(kind, wanted, given, `${field}.${kind}`), `${field}.${kind}`));
  if (all.length === 0) throw new Untakeable(field, 'says no condition');
  return all.length === 1 ? all[0]! : { is: 'all', of: all };
}

const comparisons: Readonly<Record<string, '==' | '<' | '<=' | '>' | '>='>> = {
  ...{
    equalToNumber: '==',
    greaterThanNumber: '>',
    greaterThanEqualNumber: '>=',
    lessThanNumber: '<',
    lessThanEqualNumber: '<=',
  },
};

function toMatcher(kind: string, wanted: unknown, given: JsonObject, field: string): ValueMatcher {
  const text = textOf(wanted);
  const comparison = ownValue(comparisons, kind);
  if (comparison !== undefined) return { is: 'number', compare: comparison, value: Number(wanted) };
  switch (kind) {
    case 'equalTo':
      return { is: 'equal', value: text, ...(given.caseInsensitive === true ? { ignoreCase: true } : {}) };
    case 'contains':
      return { is: 'contains', value: text };
    case 'doesNotContain':
      return { is: 'not', of: { is: 'contains', value: text } };
    case 'matches':
      return { is: 'regex', value: text, whole: true };
    case 'doesNotMatch':
      return { is: 'not', of: { is: 'regex', value: text, whole: true } };
    case 'absent':
      return wanted === false ? { is: 'anything' } : { is: 'absent' };
    case 'anything':
      return { is: 'any', of: [{ is: 'anything' }, { is: 'absent' }] };
    case 'binaryEqualTo':
      return { is: 'bytes', value: text };
    case 'equalToJson':
      return {
        ...{ is: 'json', value: jsonOf(wanted, field) },
        ...{ ignoreOrder: given.ignoreArrayOrder === true, ignoreExtra: given.ignoreExtraElements === true },
      };
    case 'equalToXml':
      if (given.enablePlaceholders === true) throw new Untakeable(field, 'placeholders in XML have no counterpart here');
      return { is: 'xml', value: text };
    case 'matchesJsonPath':
      return pathMatcher('jsonPath', wanted, field);
    case 'matchesXPath':
      return pathMatcher('xpath', wanted, field);
    case 'not':
      return { is: 'not', of: readMatcher(wanted, field) };
    case 'and':
      return { is: 'all', of: listOf(wanted).map((one, i) => readMatcher(one, `${field}[${i}]`)) };
    case 'or':
      return { is: 'any', of: listOf(wanted).map((one, i) => readMatcher(one, `${field}[${i}]`)) };
    default:
      throw new Untakeable(field, `there is no matcher ${kind} here`);
  }
}

/** `"$.id"`: there is something. `{expression: "$.id", equalTo: "7"}`: and it is so. */
function pathMatcher(is: 'jsonPath' | 'xpath', wanted: unknown, field: string): ValueMatcher {
  if (typeof wanted === 'string') return { is, path: wanted, of: { is: 'anything' } };
  const { expression, ...rest } = objectOf(wanted) ?? {};
  return { is, path: stringOf(expression), of: Object.keys(rest).length === 0 ? { is: 'anything' } : readMatcher(rest, field) };
}

// ── response ──────────────────────────────────────────────────────────────────────────────────────────────────────
const faults: Readonly<Record<string, StubFault>> = {
  ...{ EMPTY_RESPONSE: 'empty-response', MALFORMED_RESPONSE_CHUNK: 'malformed-chunk' },
  ...{ RANDOM_DATA_THEN_CLOSE: 'random-then-close', CONNECTION_RESET_BY_PEER: 'connection-reset' },
};
const responseFields =
  'status statusMessage body jsonBody base64Body bodyFileName headers fixedDelayMilliseconds delayDistribution chunkedDribbleDelay fault transformers transformerParameters fromConfiguredStub';

function readAnswer(id: string, response: JsonObject, notes: ImportNotes, files: ReadonlyMap<string, Buffer>): Stub['answer'] {
  for (const field of ['proxyBaseUrl', 'browserProxyUrl']) {
    const value = stringOf(response[field]);
    if (value !== '')
      throw new Untakeable(
        `response.${field}`,
        `answers would come from ${value} (a simulation in mode spy asks the service itself for what no stub answers)`,
      );
  }
  for (const field of Object.keys(response))
    if (!responseFields.split(' ').includes(field)) notes.add(id, `response.${field}`, 'is left out');
  if (stringOf(response.statusMessage) !== '')
    notes.add(id, 'response.statusMessage', 'is left out: the mesh sends the standard reason');
  const fault = stringOf(response.fault);
  if (fault !== '' && ownValue(faults, fault) === undefined)
    throw new Untakeable('response.fault', `there is no fault ${fault} here`);
  const transformers = listOf(response.transformers).map(textOf);
  const templated = transformers.includes('response-template');
  for (const name of transformers)
    if (name !== 'response-template') notes.add(id, 'response.transformers', `the extension ${name} is not run`);
  const body = readBody(response, files);
  const headers = readAnswerHeaders(id, response.headers, notes);
  if (templated) {
    if (body.encoding === 'utf8') noteTemplate(id, 'response.body', body.content, notes);
    for (const [name, value] of headers) noteTemplate(id, `response.headers.${name}`, value, notes);
  }
  const dribble = objectOf(response.chunkedDribbleDelay);
  const parameters = Object.entries(objectOf(response.transformerParameters) ?? {}).map(([name, value]) => [name, textOf(value)]);
  return {
    ...(templated && parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}),
    ...{ status: readStatus(response.status), headers, body, templated, fault: ownValue(faults, fault) ?? null },
    delay: readDelay(id, response, notes),
    dribble: dribble && { parts: Math.max(1, Math.trunc(numberOf(dribble.numberOfChunks))), ms: numberOf(dribble.totalDuration) },
  };
}

function readBody(response: JsonObject, files: ReadonlyMap<string, Buffer>): Stub['answer']['body'] {
  const file = stringOf(response.bodyFileName);
  if (file !== '') return fileBody(file, files, 'response.bodyFileName');
  if (stringOf(response.base64Body) !== '') return { encoding: 'base64', content: stringOf(response.base64Body) };
  if (response.jsonBody !== undefined) return { encoding: 'utf8', content: JSON.stringify(response.jsonBody) };
  return { encoding: 'utf8', content: response.body === undefined ? '' : textOf(response.body) };
}

function readDelay(id: string, response: JsonObject, notes: ImportNotes): Delay | null {
  const fixed = numberOf(response.fixedDelayMilliseconds);
  const distribution = objectOf(response.delayDistribution);
  if (distribution === null) return fixed > 0 ? { kind: 'fixed', ms: fixed } : null;
  const { type, median, sigma, lower, upper, maxValue, milliseconds } = distribution;
  if (type === 'lognormal') {
    const max = numberOf(maxValue);
    return { kind: 'lognormal', median: numberOf(median), sigma: numberOf(sigma), min: 0, max: max > 0 ? max : 3_600_000 };
  }
  if (type === 'uniform') return { kind: 'uniform', lower: numberOf(lower), upper: numberOf(upper) };
  if (type === 'fixed') return { kind: 'fixed', ms: numberOf(milliseconds) };
  notes.add(id, 'response.delayDistribution', `there is no distribution ${textOf(type)} here: the answer is not delayed by it`);
  return fixed > 0 ? { kind: 'fixed', ms: fixed } : null;
}

import { ImportNotes } from '../import-notes.ts';
import { type JsonObject, listOf, numberOf, objectOf, stringOf, textOf } from '../read-json.ts';
import { readAnswerHeaders, readStatus } from './answer-parts.ts';
import { fileBody } from './file-body.ts';
import { compileMatcher } from './match-value.ts';
import { noteTemplate } from './note-template.ts';
import type { Delay, Stub, StubCondition, Stubs, ValueMatcher } from './stub.ts';
import { parseTemplate } from './template.ts';
import { jsonOf, Untakeable } from './untakeable.ts';
import { isOlderSchema, upgradeHoverfly } from './upgrade-hoverfly.ts';

/*
 * Hoverfly simulations, schema v5.x, and older ones in its form (https://docs.hoverfly.io/en/latest/pages/reference/simulationschema.html). How a pair is chosen follows
 * core/matching: an exact matcher counts two, any other one; the highest sum wins and of equals the last.
 */

type Conditions = Pick<Stub, 'conditions' | 'points'>;

/** The stubs of a simulation of any schema (with the files its bodies are in, by name) and a report, or a sentence that says why there are none. */
export function readHoverfly(
  given: JsonObject,
  files: ReadonlyMap<string, Buffer> = new Map(),
): { stubs: Stubs; notes: ImportNotes } | string {
  const version = stringOf(objectOf(given.meta)?.schemaVersion);
  const isOlder = isOlderSchema(version);
  if (!isOlder && !/^v5(\.|$)/.test(version))
    return `This is a Hoverfly simulation of schema ${version || '(none)'}: v1 to v5 are read`;
  const document = isOlder ? upgradeHoverfly(given) : given;
  const data = objectOf(document.data) ?? {};
  const notes = new ImportNotes();
  if (isOlder) notes.add('', 'meta.schemaVersion', `${version} is read as Hoverfly upgrades it to v5`);
  const stubs: Stub[] = [];
  for (const [i, pair] of listOf(data.pairs).entries()) {
    const id = `pair ${i + 1}`;
    try {
      stubs.push(readPair(id, objectOf(pair) ?? {}, notes, files));
    } catch (error) {
      if (!(error instanceof Untakeable)) throw error;
      notes.add(id, error.field, `${error.message}; the pair is left out`);
    }
  }
  for (const section of Object.keys(data))
    if (!['pairs', 'globalActions', 'literals', 'variables'].includes(section))
      notes.add('', `data.${section}`, 'is not known and left out');
  const state = Object.fromEntries(
    stubs.flatMap(({ requires }) => Object.keys(requires)).flatMap((key) => (key.includes('sequence:') ? [[key, '1']] : [])),
  );
  return {
    // Of equals the last wins there, the first here.
    stubs: {
      source: 'hoverfly',
      stubs: stubs.reverse(),
      state,
      delays: readGlobalDelays(objectOf(data.globalActions) ?? {}, notes),
      ...readNames(data, notes),
    },
    notes,
  };
}

function readPair(id: string, pair: JsonObject, notes: ImportNotes, files: ReadonlyMap<string, Buffer>): Stub {
  const request = objectOf(pair.request) ?? {};
  const response = objectOf(pair.response) ?? {};
  for (const field of Object.keys(request)) {
    if (
      !['path', 'method', 'destination', 'scheme', 'body', 'headers', 'query', 'deprecatedQuery', 'requiresState'].includes(field)
    )
      throw new Untakeable(`request.${field}`, 'is not a field of schema v5');
  }
  if (listOf(request.scheme).length > 0)
    notes.add('', 'request.scheme', 'is not looked at: behind a sidecar every request is plain HTTP');
  const requires = stringRecord(request.requiresState);
  const { conditions, points } = readConditions(request);
  return {
    ...{ id, conditions, priority: 0, points: points + Object.keys(requires).length },
    requires,
    sets: stringRecord(response.transitionsState),
    removes: listOf(response.removesState).map(textOf),
    answer: readAnswer(id, response, notes, files),
  };
}

const places = { path: 'path', method: 'method', destination: 'host', body: 'body' } as const;

function readConditions(request: JsonObject): Conditions {
  const conditions: StubCondition[] = [];
  let points = 0;
  const take = (condition: Omit<StubCondition, 'matcher'>, matcher: unknown, field: string) => {
    const read = readMatcher(matcher, field);
    conditions.push({ ...condition, matcher: read.matcher });
    points += read.points;
  };
  for (const [name, on] of Object.entries(places)) {
    for (const [i, matcher] of listOf(request[name]).entries()) {
      const field = `request.${name}[${i}]`;
      if (on === 'body' && stringOf(objectOf(matcher)?.matcher).toLowerCase() === 'form') {
        for (const [key, inner] of Object.entries(objectOf(objectOf(matcher)?.value) ?? {}))
          for (const [j, one] of listOf(inner).entries())
            take({ on: 'form', name: key, required: true }, one, `${field}.value.${key}[${j}]`);
      } else take({ on }, matcher, field);
    }
  }
  for (const [name, on] of [
    ['headers', 'header'],
    ['query', 'query'],
  ] as const) {
    for (const [key, matchers] of Object.entries(objectOf(request[name]) ?? {})) {
      const list = listOf(matchers);
      if (list.length === 0) conditions.push({ on, name: key, matcher: { is: 'anything' } });
      for (const [i, one] of list.entries())
        take({ on, name: key, joined: true, required: true }, one, `request.${name}.${key}[${i}]`);
    }
  }
  readWholeQuery(request.deprecatedQuery, take);
  const query = objectOf(request.query);
  // No word of the query: any will do. An empty one: there must be none.
  if (query === null || Object.keys(query).length === 0) points += 1;
  if (query !== null && Object.keys(query).length === 0)
    conditions.push({ on: 'queryString', matcher: { is: 'equal', value: '' } });
  return { conditions, points };
}

/** The query as one text: parameters, when it is a literal, in whichever order they come; otherwise the text itself. */
function readWholeQuery(
  given: unknown,
  take: (condition: Omit<StubCondition, 'matcher'>, matcher: unknown, field: string) => void,
): void {
  const matchers = typeof given === 'string' ? [{ matcher: 'exact', value: given }] : listOf(given);
  for (const [i, one] of matchers.entries()) {
    const { matcher, value } = objectOf(one) ?? {};
    const [field, text] = [`request.deprecatedQuery[${i}]`, textOf(value)];
    if (matcher !== 'exact' || text === '') {
      take({ on: 'queryString' }, one, field);
      continue;
    }
    for (const [name, wanted] of new URLSearchParams(text))
      take({ on: 'query', name, required: true }, { matcher: 'exact', value: wanted }, field);
  }
}

function readMatcher(given: unknown, field: string): { matcher: ValueMatcher; points: number } {
  const { matcher: kind, value, config, doMatch } = objectOf(given) ?? {};
  const name = (stringOf(kind) || 'exact').toLowerCase();
  const next = objectOf(doMatch) === null ? null : readMatcher(doMatch, `${field}.doMatch`).matcher;
  const matcher = toMatcher(name, value, objectOf(config), next, field);
  try {
    compileMatcher(matcher);
  } catch (error) {
    if (error instanceof RangeError) throw new Untakeable(field, error.message);
    throw error;
  }
  return { matcher, points: name === 'exact' || (name === 'array' && config === undefined) ? 2 : 1 };
}

function toMatcher(
  name: string,
  value: unknown,
  config: JsonObject | null,
  next: ValueMatcher | null,
  field: string,
): ValueMatcher {
  const text = textOf(value);
  const own = ownMatcher(name, text, value, config, field);
  if (name === 'jwt') return { is: 'jwt', of: next === null ? own : { is: 'all', of: [own, next] } };
  if (name === 'jwtjsonpath') return { is: 'jwt', of: { is: 'jsonPath', path: text, of: next ?? { is: 'anything' } } };
  if (own.is === 'jsonPath' || own.is === 'xpath') return { ...own, of: next ?? own.of };
  return next === null ? own : { is: 'all', of: [own, next] };
}

function ownMatcher(name: string, text: string, value: unknown, config: JsonObject | null, field: string): ValueMatcher {
  const json = (anywhere: boolean): ValueMatcher => ({
    ...{ is: 'json', value: jsonOf(value, field), ignoreOrder: anywhere, ignoreExtra: anywhere },
    ...(anywhere ? { anywhere } : {}),
  });
  switch (name) {
    case 'exact':
      return { is: 'equal', value: text };
    case 'glob':
      return { is: 'glob', value: text };
    case 'regex':
      return { is: 'regex', value: text, whole: false };
    case 'negate':
    case 'negation':
      return { is: 'not', of: { is: 'equal', value: text } };
    case 'json':
      return json(false);
    case 'jsonpartial':
    case 'jwt':
      return json(true);
    case 'jsonpath':
    case 'jwtjsonpath':
      return { is: 'jsonPath', path: text, of: { is: 'anything' } };
    case 'xml':
      return { is: 'xml', value: text };
    case 'xmltemplated':
      return { is: 'xml', value: text, ignore: true };
    case 'xpath':
      return { is: 'xpath', path: text, of: { is: 'anything' } };
    case 'array':
      return {
        ...{ is: 'list', value: listOf(value).map(textOf), ignoreUnknown: config?.ignoreUnknown === true },
        ...{ ignoreOrder: config?.ignoreOrder === true, ignoreOccurrences: config?.ignoreOccurrences === true },
      };
    default:
      throw new Untakeable(field, `there is no matcher ${name} here`);
  }
}

function readAnswer(id: string, response: JsonObject, notes: ImportNotes, files: ReadonlyMap<string, Buffer>): Stub['answer'] {
  const known =
    'status body bodyFile encodedBody headers templated transitionsState removesState fixedDelay logNormalDelay postServeAction';
  for (const field of Object.keys(response))
    if (!known.split(' ').includes(field)) notes.add(id, `response.${field}`, 'is not known and left out');
  if (stringOf(response.postServeAction) !== '')
    notes.add(id, 'response.postServeAction', `the action ${stringOf(response.postServeAction)} is not run`);
  const templated = response.templated === true;
  const file = stringOf(response.bodyFile);
  const body: Stub['answer']['body'] =
    file === ''
      ? { encoding: response.encodedBody === true ? 'base64' : 'utf8', content: stringOf(response.body) }
      : fileBody(file, files, 'response.bodyFile');
  const headers = readAnswerHeaders(id, response.headers, notes);
  if (templated)
    for (const text of [...(body.encoding === 'utf8' ? [body.content] : []), ...headers.map(([, value]) => value)])
      noteTemplate(id, 'response.body', text, notes);
  return {
    ...{ status: readStatus(response.status), headers, templated, dribble: null, fault: null },
    body,
    delay: readDelay(response.fixedDelay, objectOf(response.logNormalDelay)),
  };
}

/** μ = ln(median), σ = √(2·ln(mean/median)), cut at min and max (core/delay). */
function readDelay(fixed: unknown, logNormal: JsonObject | null): Delay | null {
  if (logNormal !== null) {
    const [median, mean] = [numberOf(logNormal.median), numberOf(logNormal.mean)];
    const max = numberOf(logNormal.max);
    const sigma = median > 0 && mean > median ? Math.sqrt(2 * Math.log(mean / median)) : 0;
    return { kind: 'lognormal', median, sigma, min: numberOf(logNormal.min), max: max > 0 ? max : 3_600_000 };
  }
  return numberOf(fixed) > 0 ? { kind: 'fixed', ms: numberOf(fixed) } : null;
}

function readGlobalDelays(actions: JsonObject, notes: ImportNotes): Stubs['delays'] {
  const delays: Stubs['delays'] = [];
  for (const [list, isLogNormal] of [
    ['delays', false],
    ['delaysLogNormal', true],
  ] as const) {
    for (const [i, entry] of listOf(actions[list]).entries()) {
      const one = objectOf(entry) ?? {};
      const delay = isLogNormal ? readDelay(0, one) : readDelay(one.delay, null);
      const pattern = stringOf(one.urlPattern);
      try {
        compileMatcher({ is: 'regex', value: pattern, whole: false });
        if (delay !== null) delays.push({ pattern, method: stringOf(one.httpMethod), delay });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        notes.add('', `data.globalActions.${list}[${i}].urlPattern`, `${error.message}; the delay is left out`);
      }
    }
  }
  return delays;
}

function readNames(data: JsonObject, notes: ImportNotes): Pick<Stubs, 'literals' | 'variables'> {
  const literals = listOf(data.literals).map((one) => [stringOf(objectOf(one)?.name), textOf(objectOf(one)?.value)]);
  const variables: [string, string][] = [];
  for (const [i, one] of listOf(data.variables).entries()) {
    const { name, function: helper, arguments: given } = objectOf(one) ?? {};
    const quoted = listOf(given).map((value) => `'${textOf(value).replace(/['\\]/g, '\\$&')}'`);
    const expression = [stringOf(helper), ...quoted].join(' ');
    if (parseTemplate(`{{${expression}}}`).unknown.length > 0)
      notes.add(
        '',
        `data.variables[${i}]`,
        `the variable ${stringOf(name)} uses ${stringOf(helper)}, which is not known: it is empty`,
      );
    else variables.push([stringOf(name), expression]);
  }
  return { literals: Object.fromEntries(literals), variables: Object.fromEntries(variables) };
}

function stringRecord(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(objectOf(value) ?? {}).map(([name, one]) => [name, textOf(one)]));
}

import { RE2JS } from 're2js';
import { decodePercents } from '../../shared/percent-decoding.ts';
import { partsOf } from '../match/multipart.ts';
import { type CompiledMatcher, compileMatcher, type MatchedText } from './match-value.ts';
import type { Delay, Stub, StubCondition, StubFault, Stubs } from './stub.ts';
import { StubIndex } from './stub-index.ts';
import { parseTemplate, renderTemplate, type Template, type TemplateScope } from './template.ts';

/** A request as stubs look at it: as it came, and in the form recorded ones are kept in. */
export interface StubRequest {
  method: string;
  /** With query. */
  path: string;
  host: string;
  /** Lower-case names. */
  headers: readonly (readonly [string, string])[];
  body: Buffer;
  redacted: { path: string; headers: readonly (readonly [string, string])[]; body: string };
  session: string;
}

export interface StubAnswer {
  status: number;
  headers: readonly (readonly [string, string])[];
  body: Buffer;
  delayMs: number;
  dribble: { parts: number; ms: number } | null;
  fault: StubFault | null;
}

export interface StubSetOptions {
  /** Names the service answers to, with and without port: stubs for other hosts are left out, unless all are. */
  hosts: readonly string[];
  /** Uniform [0,1). */
  random: () => number;
  /** Epoch milliseconds. */
  wallNow: () => number;
}

interface Compiled {
  stub: Stub;
  conditions: readonly { condition: StubCondition; test: CompiledMatcher }[];
  segments: ((path: string) => Record<string, string> | null) | null;
  body: Template | null;
  headers: readonly (readonly [string, Template])[];
}

/** Sessions whose state is remembered; the longest unused goes. */
const maxSessions = 10_000;

/**
 * Stubs that answer together: they share their state, one copy for each session. The lowest priority wins, then the most points (Hoverfly's
 * strongest match), then the first.
 */
export class StubSet {
  readonly #options: StubSetOptions;
  readonly #stubs: Stubs;
  readonly #compiled: readonly Compiled[];
  readonly #index: StubIndex<Compiled>;
  readonly #delays: readonly { pattern: RE2JS; method: string; delay: Delay }[];
  /** Session → state; sequences of templates are kept in it under names of their own. */
  readonly #sessions = new Map<string, { state: Record<string, string>; sequences: Map<string, number> }>();

  /** Throws a RangeError when a stub holds a matcher that cannot be compiled; reading has checked that none does. */
  constructor(stubs: Stubs, options: StubSetOptions) {
    this.#options = options;
    this.#stubs = stubs;
    this.#compiled = forHosts(stubs.stubs, options.hosts)
      .map(compileStub)
      .sort(({ stub: a }, { stub: b }) => a.priority - b.priority || b.points - a.points);
    this.#index = new StubIndex(this.#compiled);
    this.#delays = stubs.delays.map(({ pattern, method, delay }) => ({ pattern: RE2JS.compile(pattern), method, delay }));
  }

  get size(): number {
    return this.#compiled.length;
  }

  /** The answer of the first stub that fits, and its consequences for the session's state; null when none does. */
  match(request: StubRequest): { id: string; answer: StubAnswer } | null {
    const session = this.#session(request.session);
    const values = new RequestValues(request);
    const found = this.#index.find(request, (one) => missing(one, values, session.state, true).length === 0);
    if (found === undefined) return null;
    const answer = this.#answer(found, request, session, values);
    const { stub } = found;
    for (const key of stub.removes) delete session.state[key];
    Object.assign(session.state, stub.sets);
    return { id: stub.id, answer };
  }

  /** The stub that fails in the fewest conditions, and which these are. */
  nearest(request: StubRequest): { id: string; path: string; differs: string[] } | null {
    const { state } = this.#session(request.session);
    const values = new RequestValues(request);
    let best: { stub: Stub; differs: string[] } | null = null;
    for (const one of this.#index.likely(request)) {
      const differs = missing(one, values, state, false);
      if (best === null || differs.length < best.differs.length) best = { stub: one.stub, differs };
    }
    return best && { id: best.stub.id, path: pathOf(best.stub), differs: best.differs };
  }

  #session(name: string): { state: Record<string, string>; sequences: Map<string, number> } {
    const known = this.#sessions.get(name);
    const session = known ?? { state: Object.assign(Object.create(null), this.#stubs.state), sequences: new Map() };
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    if (this.#sessions.size > maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    return session;
  }

  #answer(
    { stub, body, headers, segments }: Compiled,
    request: StubRequest,
    session: { state: Record<string, string>; sequences: Map<string, number> },
    values: RequestValues,
  ): StubAnswer {
    const { answer } = stub;
    const { random, wallNow } = this.#options;
    const scope: TemplateScope = {
      request: { ...request, scheme: 'http', url: request.path, body: values.body.text },
      pathParameters: segments?.(values.barePath) ?? {},
      ...(answer.parameters === undefined ? {} : { parameters: answer.parameters }),
      state: session.state,
      literals: this.#stubs.literals,
      variables: this.#stubs.variables,
      sequence: (name) => {
        const next = (session.sequences.get(name) ?? 0) + 1;
        session.sequences.set(name, next);
        return next;
      },
      ...{ now: wallNow(), random },
    };
    const delay = answer.delay ?? this.#delayFor(request);
    return {
      status: answer.status,
      headers: headers.map(([name, template]) => [name, renderTemplate(template, scope)] as const),
      body: body === null ? Buffer.from(answer.body.content, answer.body.encoding) : Buffer.from(renderTemplate(body, scope)),
      delayMs: delay === null ? 0 : drawDelay(delay, random),
      ...{ dribble: answer.dribble, fault: answer.fault },
    };
  }

  #delayFor({ method, host, path }: StubRequest): Delay | null {
    const found = this.#delays.find(
      (one) => (one.method === '' || one.method === method) && one.pattern.matcher(`${host}${path}`).find(),
    );
    return found?.delay ?? null;
  }
}

function forHosts(stubs: readonly Stub[], hosts: readonly string[]): readonly Stub[] {
  const isFor = (stub: Stub) =>
    stub.conditions.every(({ on, matcher }) => {
      if (on !== 'host') return true;
      const test = compileMatcher(matcher);
      return hosts.some((host) => test({ text: host, redacted: host }));
    });
  const hasHost = (stub: Stub) => stub.conditions.some(({ on }) => on === 'host');
  const fitting = stubs.filter(isFor);
  return fitting.some(hasHost) ? fitting : stubs;
}

function compileStub(stub: Stub): Compiled {
  const { answer } = stub;
  const template = (text: string): Template => (answer.templated ? parseTemplate(text).template : [text]);
  return {
    stub,
    conditions: stub.conditions
      .filter(({ on }) => on !== 'host')
      .map((condition) => ({ condition, test: compileMatcher(condition.matcher) })),
    segments: stub.pathTemplate === undefined ? null : compileTemplate(stub.pathTemplate),
    body: answer.templated && answer.body.encoding === 'utf8' ? template(answer.body.content) : null,
    headers: answer.headers.map(([name, value]) => [name.toLowerCase(), template(value)] as const),
  };
}

/** `/orders/{id}/items` → the named segments of a path, or null when it is another one. */
function compileTemplate(template: string): (path: string) => Record<string, string> | null {
  const parts = template.split(/\{([^{}/]+)\}/);
  const names = parts.filter((_, i) => i % 2 === 1);
  const quote = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${parts.map((part, i) => (i % 2 === 0 ? quote(part) : '([^/]+)')).join('')}$`);
  return (path) => {
    const found = pattern.exec(path);
    return found && Object.fromEntries(names.map((name, i) => [name, found[i + 1]!]));
  };
}

// ── deciding ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What of a stub a request does not fulfil, in words; with `first` no more than one. */
function missing(
  { stub, conditions, segments }: Compiled,
  values: RequestValues,
  state: Record<string, string>,
  first: boolean,
): string[] {
  const failed: string[] = [];
  const parameters = segments === null ? null : segments(values.barePath);
  if (segments !== null && parameters === null) failed.push(`path ${values.barePath}, stub ${stub.pathTemplate}`);
  for (const { condition, test } of conditions) {
    if (first && failed.length > 0) return failed;
    const found = values.of(condition, parameters ?? {});
    const passes = found.length === 0 ? condition.required !== true && test(null) : found.some((value) => test(value));
    if (condition.count !== undefined && condition.count !== found.length)
      failed.push(`${condition.on} ${condition.name} comes ${found.length} times, stub ${condition.count}`);
    else if (!passes) failed.push(describe(condition, found));
  }
  for (const [key, value] of Object.entries(stub.requires)) {
    if (state[key] !== value) failed.push(`state ${key} is ${state[key] ?? 'not set'}, stub ${value}`);
  }
  return failed;
}

function describe({ on, name, matcher }: StubCondition, found: readonly MatchedText[]): string {
  const place = name === undefined ? on : `${on} ${name}`;
  const wanted = 'value' in matcher && typeof matcher.value === 'string' ? `${matcher.is} ${matcher.value}` : matcher.is;
  const isLong = on === 'body' || wanted.length > 100;
  const actual = found[0] === undefined ? '(none)' : found[0].redacted;
  return isLong ? `${place} (${matcher.is})` : `${place} ${actual.slice(0, 100)}, stub ${wanted}`;
}

function pathOf(stub: Stub): string {
  if (stub.pathTemplate !== undefined) return stub.pathTemplate;
  const condition = stub.conditions.find(({ on }) => on === 'url' || on === 'path');
  return condition && 'value' in condition.matcher ? String(condition.matcher.value) : '';
}

class RequestValues {
  readonly #request: StubRequest;
  readonly barePath: string;
  readonly body: MatchedText;

  constructor(request: StubRequest) {
    this.#request = request;
    this.barePath = splitPath(request.path)[0];
    this.body = { text: request.body.toString('utf8'), redacted: request.redacted.body, bytes: request.body };
  }

  /** Every value there is; none when it is absent. */
  of({ on, name = '', joined }: StubCondition, parameters: Readonly<Record<string, string>>): readonly MatchedText[] {
    const { method, path, headers, redacted } = this.#request;
    switch (on) {
      case 'method':
        return [same(method)];
      case 'host':
        return [same(this.#request.host)];
      case 'url':
        return [{ text: path, redacted: redacted.path }];
      case 'path': {
        const decoded = decodePercents(this.barePath);
        return decoded === this.barePath ? [same(decoded)] : [same(this.barePath), same(decoded)];
      }
      case 'queryString':
        return [{ text: splitPath(path)[1], redacted: splitPath(redacted.path)[1] }];
      case 'query':
        return join(pairUp(parametersOf(splitPath(path)[1], name), parametersOf(splitPath(redacted.path)[1], name)), joined);
      case 'header':
        return join(pairUp(valuesOf(headers, name), valuesOf(redacted.headers, name)), joined);
      case 'cookie':
        return pairUp(cookiesOf(headers, name), cookiesOf(redacted.headers, name));
      case 'form':
        return join(pairUp(parametersOf(this.body.text, name), parametersOf(redacted.body, name)), joined);
      case 'part': {
        const [parts, clean] = [partsOf(this.body.text), partsOf(redacted.body)];
        return parts.flatMap((part, i) =>
          name === '' || part.name === name ? [{ text: part.body, redacted: clean[i]?.body ?? part.body }] : [],
        );
      }
      case 'pathParameter':
        return Object.hasOwn(parameters, name) ? [same(parameters[name]!)] : [];
      case 'body':
        return [this.body];
    }
  }
}

const same = (text: string): MatchedText => ({ text, redacted: text });
const pairUp = (texts: readonly string[], redacted: readonly string[]): MatchedText[] =>
  texts.map((text, i) => ({ text, redacted: redacted[i] ?? text }));

function join(values: readonly MatchedText[], joined: boolean | undefined): readonly MatchedText[] {
  if (joined !== true || values.length < 2) return values;
  return [{ text: values.map(({ text }) => text).join(';'), redacted: values.map(({ redacted }) => redacted).join(';') }];
}

/** Names of parameters count in any case, as Hoverfly has it. */
function parametersOf(query: string, wanted: string): string[] {
  const folded = wanted.toLowerCase();
  return [...new URLSearchParams(query)].filter(([name]) => name.toLowerCase() === folded).map(([, value]) => value);
}

const valuesOf = (headers: readonly (readonly [string, string])[], wanted: string): string[] =>
  headers.filter(([name]) => name === wanted.toLowerCase()).map(([, value]) => value);

function cookiesOf(headers: readonly (readonly [string, string])[], wanted: string): string[] {
  const cookies = valuesOf(headers, 'cookie').flatMap((value) => value.split(/;\s*/));
  return cookies.filter((cookie) => cookie.startsWith(`${wanted}=`)).map((cookie) => cookie.slice(wanted.length + 1));
}

function splitPath(path: string): [string, string] {
  const at = path.indexOf('?');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}

/** Log-normal as Hoverfly and WireMock draw it: exp(ln(median) + σ·z). */
function drawDelay(delay: Delay, random: () => number): number {
  if (delay.kind === 'fixed') return delay.ms;
  if (delay.kind === 'uniform') return delay.lower + random() * (delay.upper - delay.lower);
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(delay.max, Math.max(delay.min, delay.median * Math.exp(delay.sigma * normal)));
}

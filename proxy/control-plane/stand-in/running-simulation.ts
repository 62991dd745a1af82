import { isUtf8 } from 'node:buffer';
import type { CapturedBody, StandInNote } from '../../api/exchange.schema.ts';
import type { MatchTier, Simulation, SimulationChange, SimulationMiss } from '../../api/simulation.schema.ts';
import type { Redactor } from '../../recorder/redact.ts';
import { type StandIn, type StandInRequest, sessionOf } from '../../recorder/stand-in.ts';
import type { StubRequest, StubSet } from '../../recorder/stubs/stub-set.ts';
import { parseTemplate, renderTemplate, type TemplateScope } from '../../recorder/stubs/template.ts';
import type { Clock } from '../../shared/clock.ts';
import { headerOf, refusal, type StandInAnswer, type StandInCall, type StandInDecision } from './answer.ts';
import { bodyText } from './recorded-answer.ts';
import { writeTold } from './told-header.ts';

/** A recorded answer, or why it cannot be given again. */
export type Recorded = { answer: StandInAnswer } | { unusable: string };

export interface RunningOptions {
  /** With nothing counted yet but its answers. */
  simulation: Simulation;
  /** By service port. */
  standIns: ReadonlyMap<number, StandIn<Recorded>>;
  stubs: StubSet | null;
  /** The set the stubs are from. */
  stubsName: string;
  redactor: Redactor;
  clock: Clock;
  /** Uniform [0,1). */
  random: () => number;
}

const shownMisses = 20;
const keptMisses = 1000;

/** One simulation while it goes on: decides about calls, counts, and remembers what it missed. */
export class RunningSimulation {
  readonly #options: RunningOptions;
  readonly #simulation: Simulation;
  /** Number → miss, for the notes on exchanges. */
  readonly #misses = new Map<string, SimulationMiss>();
  readonly #sequences = new Map<string, number>();
  #learned = 0;

  constructor(options: RunningOptions) {
    this.#options = options;
    this.#simulation = options.simulation;
  }

  get id(): string {
    return this.#simulation.id;
  }
  get from(): string | undefined {
    return this.#simulation.from;
  }

  view(): Simulation {
    return { ...this.#simulation, answers: this.#simulation.answers + this.#learned };
  }

  change({ enabled, from, mode, latency }: SimulationChange): void {
    const simulation = this.#simulation;
    if (enabled !== undefined) simulation.enabled = enabled;
    if (mode !== undefined) simulation.mode = mode;
    if (latency !== undefined) simulation.latency = latency;
    if (from === null) delete simulation.from;
    else if (from !== undefined) simulation.from = from;
  }

  concerns(headers: readonly (readonly [string, string])[]): boolean {
    const { enabled, from } = this.#simulation;
    return enabled && (from === undefined || isCaller(headers, from));
  }

  noteForwarded(): void {
    this.#simulation.forwarded++;
  }

  /** What to say of an exchange whose answer tells of this simulation. */
  note(told: { outcome: StandInNote['outcome']; answeredBy: string }): StandInNote {
    const { id, recording } = this.#simulation;
    const miss = told.outcome === 'miss' ? this.#misses.get(told.answeredBy) : undefined;
    return {
      ...{ simulation: id, recording, outcome: told.outcome, nearest: miss?.nearest ?? null },
      answeredBy: told.outcome === 'miss' ? '' : told.answeredBy,
    };
  }

  decide(call: StandInCall, port: number): StandInDecision {
    const asked = this.#read(call);
    const stub = this.#options.stubs?.match(asked.forStubs);
    if (stub) {
      const { dribble, ...rest } = stub.answer;
      const pieces = dribble && spread(rest.body.length, dribble);
      return this.#hit('stub', stub.id, { ...rest, trailers: [], pieces }, this.#options.stubsName);
    }
    const standIn = this.#options.standIns.get(port);
    const outcome = standIn?.match(asked.recorded);
    if (outcome && outcome.tier !== null) {
      const { answer: found, id, path } = outcome.entry;
      if ('answer' in found) return this.#hit(outcome.tier, id, this.#timed(this.#rendered(found.answer, call, asked)));
      return this.#miss(call, asked.recorded, { exchangeId: id, path, differs: [found.unusable] }, port);
    }
    const near = outcome?.nearest;
    const nearest = near ? { exchangeId: near.entry.id, path: near.entry.path, differs: near.differs } : null;
    return this.#miss(call, asked.recorded, nearest ?? this.#nearestStub(asked.forStubs), port);
  }

  #hit(tier: MatchTier, answeredBy: string, answer: StandInAnswer, recording = this.#simulation.recording): StandInAnswer {
    this.#simulation.hits[tier]++;
    const told = writeTold({ outcome: tier, recording, answeredBy, simulation: this.id });
    return { ...answer, headers: [...answer.headers, told] };
  }

  #miss(call: StandInCall, request: StandInRequest, nearest: SimulationMiss['nearest'], port: number): StandInDecision {
    const simulation = this.#simulation;
    const number = String(++simulation.misses);
    const miss: SimulationMiss = {
      ...{ time: new Date(this.#options.clock.wallNow()).toISOString(), method: request.method, path: request.path, nearest },
    };
    this.#misses.set(number, miss);
    if (this.#misses.size > keptMisses) this.#misses.delete(this.#misses.keys().next().value!);
    simulation.recentMisses = [miss, ...simulation.recentMisses].slice(0, shownMisses);
    if (simulation.mode === 'simulate') {
      const answer = refusal(call, 501, missedWords(simulation, miss));
      const told = writeTold({ outcome: 'miss', recording: simulation.recording, answeredBy: number, simulation: this.id });
      return { ...answer, headers: [...answer.headers, told] };
    }
    simulation.forwarded++;
    const standIn = this.#options.standIns.get(port);
    if (simulation.mode === 'spy' || standIn === undefined || call.isCut) return { forward: true };
    const learn = (answer: StandInAnswer) => {
      standIn.add({ ...request, id: `learned-${++this.#learned}`, answer: { answer } });
    };
    return { forward: true, learn };
  }

  #timed(answer: StandInAnswer): StandInAnswer {
    return this.#simulation.latency ? answer : { ...answer, delayMs: 0, pieces: null };
  }

  /** Recorded answers are templates only where the simulation says so. */
  #rendered(answer: StandInAnswer, call: StandInCall, { session }: { session: string }): StandInAnswer {
    if (!this.#simulation.templated) return answer;
    const scope: TemplateScope = {
      request: {
        ...{ method: call.method, scheme: 'http', host: headerOf(call.headers, 'host'), url: call.path },
        ...{ headers: call.headers, body: call.body.toString('utf8') },
      },
      ...{ pathParameters: {}, state: {}, literals: {}, variables: {} },
      sequence: (name) => {
        const key = `${session}\n${name}`;
        this.#sequences.set(key, (this.#sequences.get(key) ?? 0) + 1);
        return this.#sequences.get(key)!;
      },
      ...{ now: this.#options.clock.wallNow(), random: this.#options.random },
    };
    const render = (text: string) => (text.includes('{{') ? renderTemplate(parseTemplate(text).template, scope) : text);
    const text = isUtf8(answer.body) ? answer.body.toString('utf8') : '';
    return {
      ...answer,
      headers: answer.headers.map(([name, value]) => [name, render(value)] as const),
      ...(text.includes('{{') ? { body: Buffer.from(render(text)), pieces: null } : {}),
    };
  }

  #nearestStub(request: StubRequest): SimulationMiss['nearest'] {
    const nearest = this.#options.stubs?.nearest(request);
    return nearest ? { exchangeId: nearest.id, path: nearest.path, differs: nearest.differs } : null;
  }

  /** Recorded requests are redacted: what comes in is brought to the same form before it is looked up. */
  #read(call: StandInCall): { recorded: StandInRequest; forStubs: StubRequest; session: string } {
    const { method, path, headers } = call;
    const body = call.isCut ? null : captured(call);
    const redacted = this.#options.redactor.redactRequest(path, { headers, body, trailers: [] });
    const traceId = headerOf(headers, 'traceparent').split('-')[1] ?? '';
    const session = sessionOf(this.#simulation.session, { headers, traceId });
    const text = bodyText(redacted.request.body);
    return {
      session,
      recorded: { method, path: redacted.path, headers: redacted.request.headers, body: text, isCut: call.isCut, traceId },
      forStubs: {
        ...{ method, path, host: headerOf(headers, 'host'), headers, body: call.body, session },
        redacted: { path: redacted.path, headers: redacted.request.headers, body: text },
      },
    };
  }
}

function captured({ body, headers }: StandInCall): CapturedBody | null {
  if (body.length === 0) return null;
  return {
    ...{ bytes: body.length, capturedBytes: body.length, truncated: false, encoding: 'base64', content: body.toString('base64') },
    ...{ contentType: headerOf(headers, 'content-type'), contentEncoding: headerOf(headers, 'content-encoding') },
  };
}

/** The callee's sidecar names the caller's identity (x-forwarded-client-cert: `…;URI=spiffe://…/sa/reviews`). */
function isCaller(headers: readonly (readonly [string, string])[], from: string): boolean {
  return headerOf(headers, 'x-forwarded-client-cert')
    .split(/[;,]/)
    .some((part) => part.startsWith('URI=') && part.endsWith(`/sa/${from}`));
}

function spread(length: number, { parts, ms }: { parts: number; ms: number }): { end: number; afterMs: number }[] {
  const count = Math.min(Math.max(1, parts), Math.max(1, length), 1000);
  return Array.from({ length: count }, (_, i) => ({ end: Math.ceil((length * (i + 1)) / count), afterMs: (ms * i) / count }));
}

function missedWords({ recording, service }: Simulation, { method, path, nearest }: SimulationMiss): string {
  const near = nearest
    ? `Nearest: ${nearest.path} (${nearest.exchangeId}); differs in ${nearest.differs.join('; ')}.`
    : 'Nothing like it was recorded.';
  return `Recording ${recording} has no answer of ${service} to ${method} ${path}. ${near}`;
}

import { isUtf8 } from 'node:buffer';
import type { StandInNote } from '../../api/exchange.schema.ts';
import type { MatchTier, Simulation, SimulationCall, SimulationChange, SimulationMiss } from '../../api/simulation.schema.ts';
import { captureBody } from '../../recorder/capture-body.ts';
import { isDialogue, type Turn, turnText } from '../../recorder/conversation/conversation.ts';
import type { Redactor } from '../../recorder/redact.ts';
import { type StandIn, type StandInRequest, sessionOf } from '../../recorder/stand-in.ts';
import type { StubRequest, StubSet } from '../../recorder/stubs/stub-set.ts';
import { parseTemplate, renderTemplate, type TemplateScope } from '../../recorder/stubs/template.ts';
import type { Clock } from '../../shared/clock.ts';
import { frame } from '../grpc-frames.ts';
import {
  headerOf,
  type Learn,
  refusal,
  type StandInAnswer,
  type StandInCall,
  type StandInDecision,
  type StandInHead,
  type StandInTalk,
} from './answer.ts';
import { AnsweringTalk, type RecordedTalk } from './answering-talk.ts';
import { callerIdentity, callerName, isCaller, type ServicesOf } from './caller.ts';
import { bodyText } from './recorded-answer.ts';
import { SimulationLog } from './simulation-log.ts';
import { type Told, writeTold } from './told-header.ts';

/** A recorded answer, or why it cannot be given again. */
export type Recorded = { answer: StandInAnswer } | { unusable: string };
/** The same of a conversation. */
export type RecordedSpeech = { talk: RecordedTalk } | { unusable: string };

/** What a recording holds for one port. */
export interface PortAnswers {
  answers: StandIn<Recorded>;
  /** WebSockets, and gRPC calls in which both sides speak; by their heads alone. */
  talks: StandIn<RecordedSpeech>;
}

/** Where a call came in. */
export interface AnsweringPort {
  /** Of the service. */
  port: number;
  version: string;
}

/** Counts are the log's. */
export type SimulationFacts = Omit<Simulation, 'hits' | 'misses' | 'forwarded' | 'recentMisses' | 'recent'>;

export interface RunningOptions {
  simulation: SimulationFacts;
  /** By service port. */
  ports: ReadonlyMap<number, PortAnswers>;
  stubs: StubSet | null;
  /** The set the stubs are from. */
  stubsName: string;
  redactor: Redactor;
  clock: Clock;
  /** Uniform [0,1). */
  random: () => number;
  servicesOf: ServicesOf;
}

const deletedNote = 'The recording was deleted: answers come from memory until the simulation is stopped or the engine ends';

/** One simulation while it goes on: decides about calls and tells its log. */
export class RunningSimulation {
  readonly #options: RunningOptions;
  readonly #simulation: SimulationFacts;
  readonly #log: SimulationLog;
  readonly #sequences = new Map<string, number>();
  #learned = 0;

  constructor(options: RunningOptions) {
    this.#options = options;
    this.#simulation = options.simulation;
    this.#log = new SimulationLog(options.clock);
  }

  get id(): string {
    return this.#simulation.id;
  }
  get from(): string | undefined {
    return this.#simulation.from;
  }

  view(): Simulation {
    return { ...this.#simulation, answers: this.#simulation.answers + this.#learned, ...this.#log.counts };
  }

  change({ from, ...others }: SimulationChange): void {
    const simulation = this.#simulation;
    const given = Object.entries(others).filter(([, value]) => value !== undefined);
    Object.assign(simulation, Object.fromEntries(given));
    if (from === null) delete simulation.from;
    else if (from !== undefined) simulation.from = from;
    for (const { answers, talks } of this.#options.ports.values()) for (const one of [answers, talks]) one.change(simulation);
  }

  /** What it answers with stays in memory, but not over a restart. */
  noteDeleted(recordingId: string, isDeleted: boolean): void {
    const simulation = this.#simulation;
    if (simulation.recordingId !== recordingId) return;
    const others = simulation.notes.filter((note) => note !== deletedNote);
    simulation.notes = isDeleted ? [...others, deletedNote] : others;
  }

  concerns(headers: readonly (readonly [string, string])[]): boolean {
    const { enabled, from } = this.#simulation;
    return enabled && (from === undefined || isCaller(callerIdentity(headers), from, this.#options.servicesOf));
  }

  noteForwarded(): void {
    this.#log.noteForwarded();
  }

  /** What to say of an exchange whose answer tells of this simulation. */
  note(told: Pick<Told, 'answeredBy' | 'call'> & { outcome: StandInNote['outcome'] }): StandInNote {
    const { id, recording } = this.#simulation;
    const { outcome, answeredBy, call } = told;
    const number = outcome === 'miss' ? Number(answeredBy) : call;
    const known = number === undefined ? undefined : this.#log.noteOf(number);
    return { simulation: id, recording, outcome, nearest: null, answeredBy: outcome === 'miss' ? '' : answeredBy, ...known };
  }

  decide(call: StandInCall, at: AnsweringPort): StandInDecision {
    const asked = this.#read(call, at);
    const { port } = at;
    const stub = this.#options.stubs?.match(asked.forStubs);
    if (stub) {
      const { dribble, ...rest } = stub.answer;
      const pieces = dribble && spread(rest.body.length, dribble);
      return this.#hit('stub', stub.id, { ...rest, trailers: [], pieces }, asked.recorded, []);
    }
    const outcome = this.#options.ports.get(port)?.answers.match(asked.recorded);
    if (outcome && outcome.tier !== null) {
      const { answer: found, id, path } = outcome.entry;
      if ('unusable' in found) return this.#miss(call, asked.recorded, { exchangeId: id, path, differs: [found.unusable] }, port);
      const answer = this.#timed(this.#rendered(found.answer, call, asked));
      return this.#hit(outcome.tier, id, answer, asked.recorded, outcome.differs);
    }
    const near = outcome?.nearest;
    const nearest = near ? { exchangeId: near.entry.id, path: near.entry.path, differs: near.differs } : null;
    return this.#miss(call, asked.recorded, nearest ?? this.#nearestStub(asked.forStubs), port);
  }

  /** A conversation that answers, or a decision that needs no more of the request; null: what is in it decides. */
  open(head: StandInHead, kind: 'grpc' | 'websocket', where: AnsweringPort): { talk: StandInTalk } | StandInDecision | null {
    const { port } = where;
    const at = this.#options.ports.get(port);
    const call: StandInCall = { ...head, body: Buffer.alloc(0), isCut: false };
    const request = this.#read(call, where).recorded;
    const outcome = at?.talks.match(request);
    if (at && outcome && outcome.tier !== null) {
      const { answer: found, id, path } = outcome.entry;
      if ('unusable' in found) return this.#miss(call, request, { exchangeId: id, path, differs: [found.unusable] }, port, kind);
      const others = at.talks.alike(request).flatMap(({ answer }) => ('talk' in answer && answer !== found ? [answer.talk] : []));
      return { talk: this.#talk([found.talk, ...others], kind, request, outcome) };
    }
    if (kind === 'websocket') {
      // A handshake that was refused is an answer like others.
      const refused = at?.answers.match(request);
      if (refused && refused.tier !== null && refused.tier !== 'template') return null;
      const near = outcome?.nearest ?? null;
      const nearest = near && { exchangeId: near.entry.id, path: near.entry.path, differs: near.differs };
      return this.#miss(call, request, nearest, port, kind);
    }
    if (this.#options.stubs !== null || (at && at.answers.alike(request).length > 0)) return null;
    return this.decide(call, where);
  }

  #talk(
    candidates: readonly RecordedTalk[],
    kind: 'grpc' | 'websocket',
    request: StandInRequest,
    { tier, differs, entry }: { tier: 'exact' | 'masked' | 'template'; differs: readonly string[]; entry: { id: string } },
  ): StandInTalk {
    const { recording, latency, latencyScale, streams } = this.#simulation;
    const call = this.#log.hit(this.#asked(request), tier, entry.id, differs);
    return new AnsweringTalk({
      ...{ candidates, tier, clock: this.#options.clock, mode: streams, noun: kind === 'grpc' ? 'message' : 'frame' },
      pace: latency || streams === 'timed' ? latencyScale : 0,
      told: writeTold({ outcome: tier, recording, answeredBy: entry.id, simulation: this.id, call: call.number }),
      read: (data) => turnText(this.#redacted(data)),
      onHeard: (now, id, more) => this.#log.becomes(call, now, id, [...differs, ...more]),
    });
  }

  #hit(
    tier: MatchTier,
    answeredBy: string,
    answer: StandInAnswer,
    request: StandInRequest,
    differs: readonly string[],
  ): StandInAnswer {
    const recording = tier === 'stub' ? this.#options.stubsName : this.#simulation.recording;
    const { number } = this.#log.hit(this.#asked(request), tier, answeredBy, differs);
    const told = { outcome: tier, recording, answeredBy, simulation: this.id, ...(differs.length === 0 ? {} : { call: number }) };
    return { ...answer, headers: [...answer.headers, writeTold(told)] };
  }

  #miss(
    call: StandInCall,
    request: StandInRequest,
    nearest: SimulationMiss['nearest'],
    port: number,
    kind: 'request' | 'grpc' | 'websocket' = 'request',
  ): StandInDecision {
    const { mode, recording } = this.#simulation;
    const missed = this.#log.miss(this.#asked(request), nearest, mode !== 'simulate');
    if (mode === 'simulate') {
      const answer = refusal(call, 501, missedWords(this.#simulation, missed));
      const told = writeTold({ outcome: 'miss', recording, answeredBy: String(missed.number), simulation: this.id });
      return { ...answer, headers: [...answer.headers, told] };
    }
    const at = this.#options.ports.get(port);
    if (mode === 'spy' || at === undefined || call.isCut) return { forward: true };
    return { forward: true, learn: (answer, turns) => this.#learn(at, request, kind, answer, turns) };
  }

  #learn(at: PortAnswers, request: StandInRequest, kind: string, answer: StandInAnswer, turns: Parameters<Learn>[1]): void {
    const id = `learned-${++this.#learned}`;
    if (turns === undefined) {
      at.answers.add({ ...request, id, answer: { answer } });
      return;
    }
    const clean = turns.map((turn): Turn => (turn.dir === 'up' ? { ...turn, data: this.#redacted(turn.data) } : turn));
    const { status, headers, trailers } = answer;
    const conversation = { id, turns: clean };
    if (kind === 'websocket' || isDialogue(conversation))
      at.talks.add({ ...request, body: '', id, answer: { talk: { conversation, status, headers, trailers } } });
    if (kind === 'websocket') return;
    // It was decided by its head: what it asked is known by now.
    const up = turns.flatMap((turn) => (turn.dir === 'up' && turn.kind === 'message' ? [frame(turn.data)] : []));
    at.answers.add({ ...request, body: turnText(this.#redacted(Buffer.concat(up))), id, answer: { answer } });
  }

  #asked({ method, path, headers }: StandInRequest): Pick<SimulationCall, 'method' | 'path' | 'caller'> {
    return { method, path, caller: callerName(callerIdentity(headers), this.#options.servicesOf) };
  }

  #timed(answer: StandInAnswer): StandInAnswer {
    const { latency, latencyScale } = this.#simulation;
    if (!latency) return { ...answer, delayMs: 0, pieces: null };
    const pieces = answer.pieces?.map(({ end, afterMs }) => ({ end, afterMs: afterMs * latencyScale })) ?? null;
    return { ...answer, delayMs: answer.delayMs * latencyScale, pieces };
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
  #read(call: StandInCall, { version }: AnsweringPort): { recorded: StandInRequest; forStubs: StubRequest; session: string } {
    const { method, path, headers } = call;
    const body = call.isCut ? null : captureBody(call.body, headers);
    const redacted = this.#options.redactor.redactRequest(path, { headers, body, trailers: [] });
    const traceId = headerOf(headers, 'traceparent').split('-')[1] ?? '';
    const session = sessionOf(this.#simulation.session, { headers, traceId });
    const text = bodyText(redacted.request.body);
    return {
      session,
      recorded: {
        method,
        path: redacted.path,
        headers: redacted.request.headers,
        body: text,
        isCut: call.isCut,
        traceId,
        version,
      },
      forStubs: {
        ...{ method, path, host: headerOf(headers, 'host'), headers, body: call.body, session },
        redacted: { path: redacted.path, headers: redacted.request.headers, body: text },
      },
    };
  }

  /** A message, as it would have been recorded. */
  #redacted(data: Buffer): Buffer {
    const { request } = this.#options.redactor.redactRequest('', { headers: [], body: captureBody(data, []), trailers: [] });
    return request.body === null ? Buffer.alloc(0) : Buffer.from(request.body.content, request.body.encoding);
  }
}

function spread(length: number, { parts, ms }: { parts: number; ms: number }): { end: number; afterMs: number }[] {
  const count = Math.min(Math.max(1, parts), Math.max(1, length), 1000);
  return Array.from({ length: count }, (_, i) => ({ end: Math.ceil((length * (i + 1)) / count), afterMs: (ms * i) / count }));
}

function missedWords({ recording, service }: SimulationFacts, { method, path, nearest }: SimulationMiss): string {
  const near = nearest
    ? `Nearest: ${nearest.path} (${nearest.exchangeId}); differs in ${nearest.differs.join('; ')}.`
    : 'Nothing like it was recorded.';
  return `Recording ${recording} has no answer of ${service} to ${method} ${path}. ${near}`;
}

import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Difference } from '../../api/replay.schema.ts';
import type { Clock } from '../../shared/clock.ts';
import { headerValue } from '../../shared/header-value.ts';
import { messageOf } from '../../shared/message-of.ts';
import { asExchange as asRecorded, compareAnswer } from '../compare-answer.ts';
import { decodeMessage } from '../decode-body.ts';
import type { Redactor } from '../redact.ts';
import { headersToSend, laneOf, notSent, type ReplayAnswer, type ReplayCall, type ReplaySend, sourceOf } from './call.ts';
import { playableOf } from './playable.ts';
import type { ReplayRun } from './run.ts';
import { Lanes, Schedule } from './schedule.ts';
import type { ReplaySession } from './session.ts';

export interface PlayDeps {
  clock: Clock;
  redactor: Redactor;
  send: ReplaySend;
  /** Of the same replay, but sent as routes have it: traces that begin like this are not steered. */
  baselinePrefix: string;
  onProgress: () => Promise<void>;
}

/** Calls that are made ready ahead of their time are handed over so far apart, several at once: each time wakes the thread that sends. */
const TOGETHER_MS = 25;

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Sends a recording's root calls on their schedule and compares what comes back. */
export class Player {
  readonly #run: ReplayRun;
  readonly #deps: PlayDeps;
  readonly #lanes = new Lanes();
  readonly #schedule: Schedule;
  /** The second half of trace ids: the first is random, and the replay's own. */
  #traces = 0;
  /** What the second sendings remember; for what they never saw they ask nobody. */
  readonly #second: ReplaySession;
  readonly #baseline: ReplaySession;

  constructor(run: ReplayRun, deps: PlayDeps, makeSession: () => ReplaySession) {
    this.#run = run;
    this.#deps = deps;
    this.#schedule = new Schedule(run.setup.pacing);
    this.#second = makeSession();
    this.#baseline = makeSession();
  }

  /** Resolves when all that was sent is answered. */
  async play(roots: AsyncIterable<ExchangeDetail>): Promise<void> {
    const { clock } = this.#deps;
    const { gate, abort, setup } = this.#run;
    const { aheadMs, concurrency, pace } = setup.pacing;
    const inFlight = new Set<Promise<void>>();
    const ahead = new Ahead(clock);
    const count = () => {
      this.#run.replay.inFlight = Math.max(0, inFlight.size - ahead.waiting());
    };
    let startedAt: number | null = null;
    for await (const root of roots) {
      startedAt ??= clock.now() + aheadMs;
      const offset = this.#schedule.next(Date.parse(root.time));
      const due = () => startedAt! + offset + gate.heldMs;
      await this.#until(due, aheadMs);
      // "As fast as possible" and a burst beyond the limit wait for a place; otherwise nobody waits for an answer.
      while (inFlight.size - ahead.waiting() >= concurrency && !abort.signal.aborted) await Promise.race(inFlight);
      // Cancelling opens it.
      if (!gate.isOpen) await gate.passed();
      if (abort.signal.aborted) break;
      const startAt = pace === 'original' && aheadMs > 0 ? due() : null;
      if (startAt !== null) ahead.add(startAt);
      const call = this.#play(root, startAt).finally(() => {
        inFlight.delete(call);
        count();
      });
      inFlight.add(call);
      count();
    }
    await Promise.all(inFlight);
    this.#run.replay.inFlight = 0;
  }

  async #play(root: ExchangeDetail, startAt: number | null): Promise<void> {
    const { session } = this.#run;
    const lane = laneOf(root);
    let finish: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const turn = this.#lanes.enter(lane, Date.parse(root.time), root.durationMs, done);
    const ready = session.ready(root);
    session.expect(root, done);
    try {
      // What waits for an answer cannot keep to the schedule.
      const isHeld = await this.#waitFor([turn, ready], startAt);
      if (this.#run.abort.signal.aborted) return;
      const answer = await this.#sendAs(root, lane, session, this.#run.setup.prefix, startAt);
      if (this.#run.abort.signal.aborted) return;
      if (isHeld) {
        delete answer.lagMs;
        this.#run.held++;
      }
      finish();
      await this.#compare(root, lane, answer).catch((error: unknown) => {
        // What cannot be compared is told of that call; the others go on.
        const failed = notSent(`not compared: ${messageOf(error)}`);
        this.#run.add(root, failed, this.#differences(root, failed), null);
      });
      await this.#deps.onProgress();
    } finally {
      session.giveUp(root);
      finish();
    }
  }

  /** Whether waiting for answers made it late; not what came late for another reason. */
  async #waitFor(answers: readonly (Promise<unknown> | null)[], startAt: number | null): Promise<boolean> {
    const { clock } = this.#deps;
    if (answers.every((answer) => answer === null)) return false;
    const isInTime = startAt !== null && clock.now() <= startAt;
    await Promise.all(answers);
    return isInTime && clock.now() > startAt;
  }

  async #sendAs(
    root: ExchangeDetail,
    lane: string,
    session: ReplaySession,
    prefix: string,
    startAt: number | null,
  ): Promise<ReplayAnswer> {
    const { request, pacing } = this.#run.setup;
    const { script, problem } = playableOf(root, { streams: request.streams ?? 'lock-step', speed: pacing.speed });
    if (problem !== '') return notSent(problem);
    const given = session.substitute(root, lane);
    const { body } = root.request;
    const call: ReplayCall = {
      source: sourceOf(root),
      method: root.method,
      authority: root.authority,
      path: given.path,
      headers: headersToSend(root, given),
      body: given.body ?? (body === null ? Buffer.alloc(0) : Buffer.from(body.content, body.encoding)),
      traceId: prefix + (++this.#traces).toString(16).padStart(16, '0'),
      signal: this.#run.abort.signal,
    };
    if (given.body !== null) call.headers = call.headers.filter(([name]) => name.toLowerCase() !== 'content-encoding');
    if (startAt !== null) call.startAt = startAt;
    if (script !== null) call.script = script;
    try {
      const answer = await this.#deps.send(call);
      if (answer.error === '') session.learn(root, lane, { headers: answer.headers, text: textOf(answer) });
      return answer;
    } catch (error) {
      // A recording can hold what no client can send (an imported path with a space): that call failed, the others go on.
      return notSent(messageOf(error));
    }
  }

  /** Against the recording; with `noise` and `to` against the baseline, sent now: primary, candidate, secondary, as Diffy has it. */
  async #compare(root: ExchangeDetail, lane: string, answer: ReplayAnswer): Promise<void> {
    const { request, target } = this.#run.setup;
    const again = request.noise === true && answer.error === '' && (request.noiseWrites === true || !WRITES.has(root.method));
    if (!again) {
      this.#run.add(root, answer, this.#differences(root, answer), null);
      return;
    }
    const { baselinePrefix } = this.#deps;
    if (target === null) {
      const second = await this.#sendAs(root, lane, this.#second, baselinePrefix, null);
      this.#run.add(
        root,
        answer,
        this.#differences(root, answer),
        this.#differences(asRecorded(root, answer, this.#deps.redactor), second),
      );
      return;
    }
    const primary = await this.#sendAs(root, lane, this.#baseline, baselinePrefix, null);
    const secondary = await this.#sendAs(root, lane, this.#second, baselinePrefix, null);
    const baseline = asRecorded(root, primary, this.#deps.redactor);
    const fields = primary.error === '' ? this.#differences(baseline, answer) : this.#differences(root, answer);
    this.#run.add(root, answer, fields, this.#differences(baseline, secondary));
  }

  #differences(recorded: ExchangeDetail, answer: ReplayAnswer): Difference['fields'] {
    if (answer.error !== '')
      return [{ path: 'transport', kind: 'failed', recorded: String(recorded.status), replayed: answer.error }];
    const { session } = this.#run;
    const { request, rules } = this.#run.setup;
    const fields = compareAnswer(recorded, answer, this.#deps.redactor, {
      ...(request.diff === undefined ? {} : { diff: request.diff }),
      compiled: rules,
    });
    return fields.filter(
      ({ path, kind, recorded: before, replayed }) =>
        !session.isGiven(recorded, path, answer.headers) && !(kind === 'changed' && session.isSame(before, replayed)),
    );
  }

  /** A pause that begins meanwhile moves the moment. */
  async #until(due: () => number, aheadMs: number): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#run.abort;
    for (;;) {
      if (!this.#run.gate.isOpen) await this.#run.gate.passed();
      const waitMs = due() - aheadMs - clock.now();
      if (waitMs <= 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          timer.cancel();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = clock.setTimer(done, aheadMs > 2 * TOGETHER_MS ? waitMs + TOGETHER_MS : waitMs);
        signal.addEventListener('abort', done);
      });
    }
  }
}

/** Calls that were handed over and whose moment has not come: they hold no place. */
class Ahead {
  readonly #clock: Clock;
  /** Ascending. */
  #starts: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(startAt: number): void {
    this.#starts.push(startAt);
  }

  waiting(): number {
    const now = this.#clock.now();
    let come = 0;
    while (come < this.#starts.length && this.#starts[come]! <= now) come++;
    if (come > 0) this.#starts = this.#starts.slice(come);
    return this.#starts.length;
  }
}

function textOf({ body, headers }: ReplayAnswer): string {
  const contentEncoding = headerValue(headers, 'content-encoding');
  if (contentEncoding === '') return body.toString('utf8');
  return (decodeMessage(body, contentEncoding) ?? body).toString('utf8');
}

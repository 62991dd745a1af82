import type { Clock, Timer } from '../../shared/clock.ts';
import { maskBody } from '../match/mask.ts';
import { bodyDifferences } from '../match/request-differences.ts';
import type { RecordedTier } from '../stand-in.ts';
import { type Conversation, type Turn, turnText } from './conversation.ts';

export interface PlayerOptions {
  clock: Clock;
  /** `lock-step`: what was said goes out after what it followed. `timed`: at its time, whatever the other side says. */
  mode: 'lock-step' | 'timed';
  /** Recorded pauses are kept, this many times as long; 0: as soon as it is its turn. */
  pace: number;
  /** A recorded turn of the answering side, in order. */
  say: (turn: Turn) => void;
  /** `frame` or `message`. */
  noun: string;
}

/** As narrow as its widest message. */
const width: Readonly<Record<RecordedTier, number>> = { exact: 0, masked: 1, template: 2 };
const tiers = ['exact', 'masked', 'template'] as const;
const maxDiffers = 20;
const maxCandidates = 200;

interface Candidate {
  conversation: Conversation;
  /** Of the other side. */
  messages: readonly Turn[];
  width: number;
}

/**
 * Plays the answering side of a recorded conversation to somebody new. Of several recorded ones it follows the one whose other side said the same so
 * far, and changes over while nothing that was said speaks against it; what is said otherwise than recorded is noted, and the play goes on.
 */
export class ConversationPlayer {
  readonly #options: PlayerOptions;
  readonly #candidates: readonly Candidate[];
  #current: Candidate;
  /** The next turn of the current conversation. */
  #at = 0;
  /** Messages of the other side; the texts only of as many as were ever recorded. */
  readonly #heard: string[] = [];
  #heardCount = 0;
  #ended = false;
  /** Of the other side's messages, those the current conversation is past. */
  #passed = 0;
  readonly #said: Turn[] = [];
  #differs: string[] = [];
  #timer: Timer | null = null;
  #since: number;
  readonly #startedAt: number;
  #stopped = false;

  /** `candidates`: at least one; the first is meant unless what is said speaks for another. */
  constructor(candidates: readonly Conversation[], options: PlayerOptions) {
    this.#options = options;
    this.#candidates = candidates.slice(0, maxCandidates).map((conversation) => ({
      ...{ conversation, width: width.exact },
      messages: conversation.turns.filter(({ dir, kind }) => dir === 'up' && kind !== 'end'),
    }));
    this.#current = this.#candidates[0]!;
    this.#startedAt = options.clock.now();
    this.#since = this.#startedAt;
  }

  /** Which recorded conversation is being followed. */
  get id(): string {
    return this.#current.conversation.id;
  }

  /** How far what was heard is what was recorded. */
  get tier(): RecordedTier {
    return tiers[this.#widthOf(this.#current)]!;
  }

  get differs(): readonly string[] {
    return this.#differs;
  }

  get isOver(): boolean {
    return this.#at >= this.#turns.length;
  }

  start(): void {
    this.#advance();
  }

  /** A message of the other side, redacted as recorded ones are. */
  heard(text: string): void {
    if (this.#stopped) return;
    const at = this.#heardCount++;
    const isKnown = this.#candidates.some(({ messages }) => messages.length > at);
    if (isKnown) this.#heard.push(text);
    for (const one of this.#candidates) one.width = widen(one, at, text);
    const isOther = this.#follow();
    if (isOther) this.#differs = this.#heard.flatMap((_, i) => this.#differencesAt(i));
    else this.#differs.push(...this.#differencesAt(at));
    this.#differs.length = Math.min(this.#differs.length, maxDiffers);
    this.#advance();
  }

  /** The other side has no more to say. */
  ended(): void {
    if (this.#stopped || this.#ended) return;
    this.#ended = true;
    if (this.#follow()) this.#differs = this.#heard.flatMap((_, i) => this.#differencesAt(i)).slice(0, maxDiffers);
    const { length } = this.#current.messages;
    if (this.#heardCount < length)
      this.#differs.push(`ended after ${this.#heardCount} of ${length} recorded ${this.#options.noun}s`);
    this.#advance();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  get #turns(): readonly Turn[] {
    return this.#current.conversation.turns;
  }

  // ── which one ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** Changes over to one that fits better; whether it did. */
  #follow(): boolean {
    const own = this.#widthOf(this.#current);
    if (own === width.exact) return false;
    let best: { candidate: Candidate; width: number; place: number } | null = null;
    for (const candidate of this.#candidates) {
      const other = this.#widthOf(candidate);
      if (other >= (best?.width ?? own)) continue;
      const place = this.#placeIn(candidate);
      if (place !== null) best = { candidate, width: other, place };
    }
    if (best === null) return false;
    this.#current = best.candidate;
    this.#at = best.place;
    this.#passed = this.#turns.slice(0, best.place).filter(({ dir, kind }) => dir === 'up' && kind !== 'end').length;
    this.#timer?.cancel();
    this.#timer = null;
    return true;
  }

  /** Behind what has been said, when that is what was said there too; else null. */
  #placeIn({ conversation: { turns } }: Candidate): number | null {
    let said = 0;
    for (const [i, turn] of turns.entries()) {
      if (said === this.#said.length) return i;
      if (turn.dir === 'up') continue;
      const own = this.#said[said++]!;
      if (own.kind !== turn.kind || !own.data.equals(turn.data)) return null;
    }
    return said === this.#said.length ? turns.length : null;
  }

  #widthOf({ messages, width: heard }: Candidate): number {
    return this.#ended && this.#heardCount < messages.length ? width.template : heard;
  }

  #differencesAt(at: number): string[] {
    const { messages } = this.#current;
    const { noun } = this.#options;
    const turn = messages[at];
    // Said once: whatever follows was not recorded either.
    if (turn === undefined) return at === messages.length ? [`${noun} ${at + 1} was not recorded: ${messages.length} were`] : [];
    const text = this.#heard[at] ?? '';
    return resemblance(text, turn) === 'exact' ? [] : bodyDifferences(text, turnText(turn.data), `${noun} ${at + 1}`);
  }

  // ── playing ─────────────────────────────────────────────────────────────────────────────────────────────────────
  #advance(): void {
    while (!this.#stopped && this.#timer === null) {
      const turn = this.#turns[this.#at];
      if (turn === undefined) return;
      if (turn.dir === 'up') {
        if (this.#options.mode === 'lock-step' && !this.#hasHeard(turn)) return;
        this.#pass(turn);
        continue;
      }
      const waitMs = this.#waitFor(turn);
      if (waitMs > 0) {
        this.#timer = this.#options.clock.setTimer(() => {
          this.#timer = null;
          this.#speak(turn);
          this.#advance();
        }, waitMs);
        return;
      }
      this.#speak(turn);
    }
  }

  #hasHeard({ kind }: Turn): boolean {
    if (this.#ended) return true;
    return kind !== 'end' && this.#heardCount > this.#passed;
  }

  #pass({ kind }: Turn): void {
    if (kind !== 'end') this.#passed++;
    this.#at++;
    this.#since = this.#options.clock.now();
  }

  #speak(turn: Turn): void {
    this.#at++;
    this.#since = this.#options.clock.now();
    this.#said.push(turn);
    this.#options.say(turn);
  }

  #waitFor(turn: Turn): number {
    const { mode, pace, clock } = this.#options;
    const scale = mode === 'timed' && pace === 0 ? 1 : pace;
    if (mode === 'timed') return this.#startedAt + turn.offsetMs * scale - clock.now();
    const before = this.#turns[this.#at - 1]?.offsetMs ?? 0;
    return this.#since + Math.max(0, turn.offsetMs - before) * scale - clock.now();
  }
}

/** How far a candidate is from what was said, now that this was said too. */
function widen({ messages, width: before }: Candidate, at: number, text: string): number {
  const turn = messages[at];
  if (turn === undefined || before === width.template) return width.template;
  return Math.max(before, width[resemblance(text, turn)]);
}

function resemblance(text: string, { data, isCut }: Turn): RecordedTier {
  const recorded = turnText(data);
  if (text === recorded || (isCut && text.startsWith(recorded))) return 'exact';
  return maskBody(text) === maskBody(recorded) ? 'masked' : 'template';
}

import type { Conversation, Turn } from '../../recorder/conversation/conversation.ts';
import { ConversationPlayer, type PlayerOptions } from '../../recorder/conversation/conversation-player.ts';
import type { RecordedTier } from '../../recorder/stand-in.ts';
import type { StandInTalk } from './answer.ts';

type Pairs = readonly (readonly [string, string])[];

/** A recorded conversation and the head it was answered with. */
export interface RecordedTalk {
  conversation: Conversation;
  status: number;
  headers: Pairs;
  trailers: Pairs;
}

export interface AnsweringOptions extends Omit<PlayerOptions, 'say'> {
  /** By the order in which they are preferred; at least one. */
  candidates: readonly RecordedTalk[];
  /** How its head was found. */
  tier: RecordedTier;
  told: [string, string];
  /** A message in the form recorded ones are compared in. */
  read: (data: Buffer) => string;
  /** Whenever something was heard. */
  onHeard: (tier: RecordedTier, id: string, differs: readonly string[]) => void;
}

const tiers: readonly RecordedTier[] = ['exact', 'masked', 'template'];

/** Answers one caller from recorded conversations, and tells how far what it says is what was recorded. */
export class AnsweringTalk implements StandInTalk {
  readonly #options: AnsweringOptions;
  readonly #player: ConversationPlayer;
  #say: (turn: Turn) => void = () => undefined;

  constructor(options: AnsweringOptions) {
    this.#options = options;
    const { clock, mode, pace, noun } = options;
    this.#player = new ConversationPlayer(
      options.candidates.map(({ conversation }) => conversation),
      { clock, mode, pace, noun, say: (turn) => this.#say(turn) },
    );
  }

  get status(): number {
    return this.#options.candidates[0]!.status;
  }

  get headers(): Pairs {
    return [...this.#options.candidates[0]!.headers, this.#options.told];
  }

  get trailers(): Pairs {
    const { headers, trailers } = this.#followed;
    return trailers.length > 0 ? trailers : headers.filter(([name]) => name.startsWith('grpc-'));
  }

  get isHeadOnly(): boolean {
    const { headers, trailers, conversation } = this.#followed;
    const speaks = conversation.turns.some(({ dir, kind }) => dir === 'down' && kind !== 'end');
    return !speaks && trailers.length === 0 && headers.some(([name]) => name === 'grpc-status');
  }

  play(say: (turn: Turn) => void): void {
    this.#say = say;
    this.#player.start();
  }

  heard(data: Buffer): void {
    this.#player.heard(this.#options.read(data));
    this.#tell();
  }

  ended(): void {
    this.#player.ended();
    this.#tell();
  }

  left(): void {
    this.#player.stop();
  }

  get #followed(): RecordedTalk {
    const { candidates } = this.#options;
    return candidates.find(({ conversation }) => conversation.id === this.#player.id) ?? candidates[0]!;
  }

  #tell(): void {
    const { onHeard, tier } = this.#options;
    const widest = tiers[Math.max(tiers.indexOf(tier), tiers.indexOf(this.#player.tier))]!;
    onHeard(widest, this.#player.id, this.#player.differs);
  }
}

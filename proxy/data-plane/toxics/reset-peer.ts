import type { Timer } from '../clock.ts';
import type { ToxicAttributes, ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/** Waits for the first byte in its direction, then `timeout`, then resets the connection. An idle connection survives. */
export const resetPeer: ToxicType = {
  type: 'reset_peer',
  summary: 'Resets the connection (RST) some time after the first byte',
  attributes: [{ name: 'timeout', default: 0, min: 0, max: 86_400_000, integer: true, unit: 'ms' }],
  create: (attributes, context) => new ResetPeerStage(attributes, context),
};

class ResetPeerStage implements ToxicStage {
  readonly heldBytes = 0;
  #timeoutMs: number;
  readonly #context: ToxicContext;
  #timer: Timer | null = null;

  constructor(attributes: ToxicAttributes, context: ToxicContext) {
    this.#timeoutMs = attributes.timeout ?? 0;
    this.#context = context;
  }

  push(_chunk: Buffer): void {
    if (this.#timer !== null) return;
    this.#timer = this.#context.clock.setTimer(() => this.#context.out.close('rst'), this.#timeoutMs);
  }

  finish(): void {
    // An end before the first byte is an ordinary end; after it the reset is already on its way.
    if (this.#timer === null) this.#context.out.finish();
  }

  update(attributes: ToxicAttributes): void {
    this.#timeoutMs = attributes.timeout ?? 0;
  }

  release(): void {
    // Bytes were dropped while the reset was pending: the connection cannot go on as if nothing happened.
    if (this.#timer === null) return;
    this.dispose();
    this.#context.out.close('rst');
  }

  dispose(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

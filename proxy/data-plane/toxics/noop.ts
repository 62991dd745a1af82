import type { ToxicContext, ToxicStage, ToxicType } from './toxic.ts';

/** Passes everything. Toxiproxy accepts it, so we do. */
export const noop: ToxicType = {
  type: 'noop',
  summary: 'Does nothing',
  attributes: [],
  create: (_attributes, context) => new NoopStage(context),
};

class NoopStage implements ToxicStage {
  readonly heldBytes = 0;
  readonly #context: ToxicContext;

  constructor(context: ToxicContext) {
    this.#context = context;
  }
  push(chunk: Buffer): void {
    this.#context.out.push(chunk);
  }
  finish(): void {
    this.#context.out.finish();
  }
  update(): void {}
  release(): void {}
  dispose(): void {}
}

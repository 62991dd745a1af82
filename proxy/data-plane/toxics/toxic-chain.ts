import type { Duplex } from 'node:stream';
import type { Clock, Random } from '../clock.ts';
import type { ToxicSpec } from '../messages.ts';
import { findToxicType } from './index.ts';
import type { ToxicOutput, ToxicStage } from './toxic.ts';

/** Bytes a chain may hold before its source is paused. */
const HIGH_WATER_BYTES = 4 * 1024 * 1024;

export interface ToxicChainDeps {
  clock: Clock;
  random: Random;
  /** A toxic's own randomness, where it is seeded. */
  randomOf?: (toxic: ToxicSpec) => Random;
  /** Toxicity drawn when the connection was let in. */
  draws?: ReadonlyMap<string, boolean>;
  closeConnection: (kind: 'fin' | 'rst') => void;
}

interface Link {
  spec: ToxicSpec;
  /** Null when the draw left this connection alone. */
  stage: ToxicStage | null;
  output: ToxicOutput;
}

/**
 * One direction of one connection with its toxics. Toxics come and go while bytes flow: a new one is appended (it sees what comes after), a
 * removed one hands on what it held before its neighbours are joined, so no byte is lost or overtaken.
 */
export class ToxicChain {
  readonly #links: Link[] = [];
  readonly #source: Duplex;
  readonly #sink: Duplex;
  readonly #clock: Clock;
  readonly #randomOf: (toxic: ToxicSpec) => Random;
  readonly #closeConnection: (kind: 'fin' | 'rst') => void;
  #paused = false;
  #sinkFull = false;
  #closed = false;
  #built = false;
  bytes = 0;

  constructor(source: Duplex, sink: Duplex, toxics: readonly ToxicSpec[], deps: ToxicChainDeps) {
    this.#source = source;
    this.#sink = sink;
    this.#clock = deps.clock;
    this.#randomOf = deps.randomOf ?? (() => deps.random);
    this.#closeConnection = deps.closeConnection;
    for (const spec of toxics) this.add(spec, deps.draws?.get(spec.name));
    this.#built = true;
    source.on('data', (chunk: Buffer) => this.#enter(chunk));
    source.on('end', () => {
      this.#first().finish();
    });
    sink.on('drain', () => {
      this.#sinkFull = false;
      this.#balance();
    });
  }

  /** `acts`: its toxicity was drawn already, when the connection was let in. */
  add(spec: ToxicSpec, acts?: boolean): void {
    const link: Link = { spec, stage: null, output: this.#outputAfter(() => link) };
    this.#links.push(link);
    this.#draw(link, acts);
  }

  update(spec: ToxicSpec): void {
    const link = this.#links.find((l) => l.spec.name === spec.name);
    if (link === undefined) return;
    const redraw = spec.toxicity !== link.spec.toxicity;
    link.spec = spec;
    if (redraw) {
      link.stage?.release();
      link.stage = null;
      this.#draw(link);
    } else {
      link.stage?.update(spec.attributes);
    }
    this.#balance();
  }

  remove(name: string): void {
    const index = this.#links.findIndex((l) => l.spec.name === name);
    if (index < 0) return;
    // Released while still linked, so that what it held meets its successors first.
    this.#links[index]!.stage?.release();
    this.#links.splice(index, 1);
    this.#balance();
  }

  get names(): string[] {
    return this.#links.map((l) => l.spec.name);
  }

  dispose(): void {
    this.#closed = true;
    for (const link of this.#links) link.stage?.dispose();
  }

  #draw(link: Link, acts?: boolean): void {
    const random = this.#randomOf(link.spec);
    if (!(acts ?? random() < link.spec.toxicity)) return;
    const type = findToxicType(link.spec.type);
    link.stage = type?.create(link.spec.attributes, { clock: this.#clock, random, out: link.output }) ?? null;
  }

  #enter(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#first().push(chunk);
    this.#balance();
  }

  #first(): ToxicOutput {
    return this.#stageFrom(0);
  }

  /** The next acting stage from a place in the chain, else the sink. */
  #stageFrom(index: number): ToxicOutput {
    for (let i = index; i < this.#links.length; i++) {
      const link = this.#links[i]!;
      if (link.stage !== null)
        return { push: (c) => link.stage!.push(c), finish: () => link.stage!.finish(), close: this.#close };
    }
    return { push: this.#toSink, finish: this.#endSink, close: this.#close };
  }

  /** Found anew for each chunk: neighbours change while the stage lives. */
  #outputAfter(self: () => Link): ToxicOutput {
    const next = () => this.#stageFrom(this.#links.indexOf(self()) + 1);
    return { push: (chunk) => next().push(chunk), finish: () => next().finish(), close: this.#close };
  }

  readonly #toSink = (chunk: Buffer): void => {
    if (this.#closed || this.#sink.destroyed || this.#sink.writableEnded) return;
    if (!this.#sink.write(chunk)) this.#sinkFull = true;
    this.#balance();
  };

  readonly #endSink = (): void => {
    if (!this.#closed && !this.#sink.destroyed && !this.#sink.writableEnded) this.#sink.end();
  };

  readonly #close = (kind: 'fin' | 'rst'): void => {
    if (this.#closed) return;
    if (this.#built) this.#closeConnection(kind);
    // A toxic that closes as soon as it is there: the owner has no chain to take down yet.
    else queueMicrotask(() => this.#closed || this.#closeConnection(kind));
  };

  #balance(): void {
    let held = 0;
    for (const link of this.#links) held += link.stage?.heldBytes ?? 0;
    const full = this.#sinkFull || held > HIGH_WATER_BYTES;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#source.pause();
    else this.#source.resume();
  }
}

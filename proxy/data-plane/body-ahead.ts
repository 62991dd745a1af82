import type { HeaderMap } from './header-map.ts';
import type { BodySource } from './stream.ts';

/** The part of a body that was read before its reader came: kept in order, then handed over. */
export class BodyAhead {
  readonly chunks: Buffer[] = [];
  ended = false;
  #trailers: HeaderMap | null = null;
  #bytes = 0;
  #paused = false;
  #wanted: { bytes: number; resolve: (isThere: boolean) => void } | null = null;

  take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wake();
  }

  end(trailers: HeaderMap | null): void {
    this.ended = true;
    this.#trailers = trailers;
    this.#wake();
  }

  /** Nothing more will come. */
  giveUp(): void {
    this.#wanted?.resolve(false);
    this.#wanted = null;
  }

  /** Resolves true when the body ended or has that many bytes, false when it never will. */
  reach(bytes: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wanted = { bytes, resolve };
      this.#wake();
    });
  }

  pause(): void {
    this.#paused = true;
  }

  /** Gives the reader what is here until it pauses; true when nothing is left. */
  handOver(reader: Pick<BodySource, 'onData' | 'onEnd'>): boolean {
    this.#paused = false;
    for (let chunk = this.chunks.shift(); chunk !== undefined; chunk = this.chunks.shift()) {
      reader.onData?.(chunk);
      if (this.#paused) return false;
    }
    if (this.ended) reader.onEnd?.(this.#trailers);
    return true;
  }

  #wake(): void {
    if (this.#wanted === null || !(this.ended || this.#bytes >= this.#wanted.bytes)) return;
    this.#wanted.resolve(true);
    this.#wanted = null;
  }
}

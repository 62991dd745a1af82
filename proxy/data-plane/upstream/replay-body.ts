import type { HeaderMap } from '../header-map.ts';
import type { BodySource } from '../stream.ts';

/** Envoy's default per-connection buffer limit, which bounds what is kept for retries and mirrors. */
export const REPLAY_LIMIT_BYTES = 1024 * 1024;
/** A stream's initial window is its limit in HTTP/2, 16 MiB in Envoy 1.40. */
export const HTTP2_REPLAY_LIMIT_BYTES = 16 * 1024 * 1024;

/** Where a body goes: an upstream stream. */
export interface BodyTarget {
  sendData(chunk: Buffer): boolean;
  end(trailers: HeaderMap | null): void;
}

export interface ReplayEvents {
  /** The client sent everything. */
  onComplete(): void;
  /** More than the limit came: what was kept for retries and mirrors is gone. */
  onOverflow(): void;
}

/**
 * The request body on its way up, kept so that it can be sent again (Envoy: router.cc decodeData, per_request_buffer_limit_bytes).
 *
 *   client ──▶ [kept chunks …│not sent yet …] ──▶ current target
 *                             └─ cursor
 *
 * While keeping, nothing is dropped up to the limit; above it, keeping ends and only what the target has not taken yet stays. The client is
 * paused when the target pushes back, and when nobody takes what the limit allows.
 */
export class ReplayBody {
  readonly #source: BodySource;
  readonly #limitBytes: number;
  readonly #events: ReplayEvents;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #cursor = 0;
  #keeping: boolean;
  #target: BodyTarget | null = null;
  #blocked = false;
  #paused = false;
  #ended = false;
  #closed = false;
  #trailers: HeaderMap | null = null;

  constructor(source: BodySource, keep: boolean, events: ReplayEvents, limitBytes = REPLAY_LIMIT_BYTES) {
    this.#source = source;
    this.#keeping = keep;
    this.#events = events;
    this.#limitBytes = limitBytes;
  }

  get complete(): boolean {
    return this.#ended;
  }

  get trailers(): HeaderMap | null {
    return this.#trailers;
  }

  /** Starts reading from the client. */
  start(): void {
    this.#source.onData = (chunk) => this.#onData(chunk);
    this.#source.onEnd = (trailers) => {
      this.#ended = true;
      this.#trailers = trailers;
      if (this.#target !== null && !this.#blocked && this.#cursor === this.#chunks.length) this.#endTarget(this.#target);
      this.#events.onComplete();
    };
    this.#source.resume();
  }

  /** Sends everything from the start, and what follows, to a target. Needs keeping, or a body nothing of which was sent. */
  attach(target: BodyTarget): void {
    this.#target = target;
    this.#cursor = 0;
    this.#blocked = false;
    this.#flush();
  }

  detach(): void {
    this.#target = null;
    this.#blocked = false;
  }

  /** The target takes more. */
  onDrain(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#flush();
  }

  /** Nothing will be sent again. */
  stopKeeping(): void {
    if (!this.#keeping) return;
    this.#keeping = false;
    if (this.#target !== null) this.#dropSent();
  }

  /** What was kept, for a mirror; only while keeping. */
  keptChunks(): Buffer[] {
    return this.#keeping ? this.#chunks.slice() : [];
  }

  /** No more reading and no more sending. */
  close(): void {
    this.#closed = true;
    this.#target = null;
    this.#chunks = [];
    this.#source.onData = null;
    this.#source.onEnd = null;
  }

  #onData(chunk: Buffer): void {
    if (this.#keeping && this.#bytes + chunk.length > this.#limitBytes) {
      this.stopKeeping();
      this.#events.onOverflow();
      if (this.#closed) return;
    }
    const target = this.#target;
    if (target !== null && !this.#blocked && this.#cursor === this.#chunks.length) {
      if (this.#keeping) {
        this.#keep(chunk);
        this.#cursor++;
      }
      if (!target.sendData(chunk)) this.#block(target);
      return;
    }
    this.#keep(chunk);
    // While keeping, going over the limit must be seen, not prevented: it decides between retry and 507.
    if (!this.#keeping && this.#bytes >= this.#limitBytes) this.#pause();
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  #flush(): void {
    const target = this.#target;
    if (target === null) return;
    while (!this.#blocked && this.#target === target && this.#cursor < this.#chunks.length) {
      const chunk = this.#chunks[this.#cursor++]!;
      if (!target.sendData(chunk)) this.#block(target);
    }
    if (this.#target !== target) return;
    if (!this.#keeping) this.#dropSent();
    if (this.#blocked) return;
    if (this.#ended) this.#endTarget(target);
    else if (this.#paused) {
      this.#paused = false;
      this.#source.resume();
    }
  }

  #block(target: BodyTarget): void {
    // The target may have failed inside sendData.
    if (this.#target !== target) return;
    this.#blocked = true;
    this.#pause();
  }

  #pause(): void {
    if (this.#paused || this.#ended) return;
    this.#paused = true;
    this.#source.pause();
  }

  #endTarget(target: BodyTarget): void {
    target.end(this.#trailers);
  }

  #dropSent(): void {
    if (this.#cursor === 0) return;
    for (let i = 0; i < this.#cursor; i++) this.#bytes -= this.#chunks[i]!.length;
    this.#chunks.splice(0, this.#cursor);
    this.#cursor = 0;
  }
}

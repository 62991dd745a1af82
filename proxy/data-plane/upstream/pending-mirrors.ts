import type { ExchangeState } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';
import type { ForwardDeps } from './forward-options.ts';
import type { ReplayBody } from './replay-body.ts';

export interface MirrorBody {
  chunks: Buffer[];
  trailers: HeaderMap | null;
}

/** Copies a request owes to its route's mirrors: with the head of the first attempt, sent once when the whole body is there. */
export class PendingMirrors {
  readonly #send: ForwardDeps['mirror'];
  #clusters: readonly string[];
  #headers: HeaderMap | null = null;

  constructor(clusters: readonly string[], send: ForwardDeps['mirror']) {
    this.#clusters = clusters;
    this.#send = send;
  }

  /** Bodies are kept for them. */
  get wanted(): boolean {
    return this.#clusters.length > 0;
  }

  /** As the first attempt leaves. */
  keepHead(headers: HeaderMap): void {
    if (this.wanted) this.#headers = headers.clone();
  }

  /** False: there was nothing to send, or no attempt yet. */
  send(exchange: ExchangeState, body: ReplayBody | null, timeoutMs: number): boolean {
    if (!this.wanted || this.#headers === null) return false;
    const copied: MirrorBody = { chunks: body?.keptChunks() ?? [], trailers: body?.trailers ?? null };
    for (const cluster of this.#clusters) this.#send(exchange, cluster, this.#headers.clone(), copied, timeoutMs);
    this.giveUp();
    return true;
  }

  /** The body is too long to be kept. */
  giveUp(): void {
    this.#clusters = [];
  }
}

import { getHeapStatistics } from 'node:v8';
import type { Clock } from './clock.ts';
import type { DataPlaneEvent } from './messages.ts';

export type Pressure = 'none' | 'no-keep-alive' | 'shed';

/** Shares of the heap a thread may have, from which clients are asked to go, and from which requests are refused. */
const NO_KEEP_ALIVE_FROM = 0.92;
const SHED_FROM = 0.95;
const SAMPLE_MS = 100;

export interface OverloadDeps {
  clock: Pick<Clock, 'now' | 'wallNow'>;
  emit: (event: DataPlaneEvent) => void;
  /** Of the heap this thread may have, 0..1; default: V8's own figures. */
  heapShare?: () => number;
}

/**
 * Load shedding as Envoy's overload manager does it (actions `disable_http_keepalive` and `stop_accepting_requests`): better some requests
 * refused than a worker that dies with all of them. Looked at when a request comes, ten times a second at most: at rest it costs nothing.
 */
export class OverloadGuard {
  readonly #deps: OverloadDeps;
  readonly #heapShare: () => number;
  #pressure: Pressure = 'none';
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(deps: OverloadDeps) {
    this.#deps = deps;
    this.#heapShare = deps.heapShare ?? usedHeapShare;
  }

  pressure(): Pressure {
    const now = this.#deps.clock.now();
    if (now - this.#sampledAt < SAMPLE_MS) return this.#pressure;
    this.#sampledAt = now;
    const share = this.#heapShare();
    const next: Pressure = share >= SHED_FROM ? 'shed' : share >= NO_KEEP_ALIVE_FROM ? 'no-keep-alive' : 'none';
    if ((next === 'shed') !== (this.#pressure === 'shed')) this.#tell(next === 'shed', share);
    this.#pressure = next;
    return next;
  }

  #tell(sheds: boolean, share: number): void {
    const used = `${Math.round(share * 100)} % of its memory`;
    this.#deps.emit({
      at: this.#deps.clock.wallNow(),
      type: sheds ? 'data-plane.overloaded' : 'data-plane.relieved',
      subject: 'data-plane',
      message: sheds
        ? `A data-plane worker uses ${used}: requests are refused with 503 (OM) until there is room`
        : `The data-plane worker has room again (${used}): requests are served`,
      data: { heapShare: share },
    });
  }
}

function usedHeapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
}

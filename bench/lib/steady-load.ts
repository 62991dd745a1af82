import { Pool } from 'undici';

export interface SteadyLoadTarget {
  /** host:port on loopback */
  address: string;
  host: string;
  path: string;
}

/** Requests at a fixed rate, whatever the answers take (open loop): a stall shows as latency, not as fewer requests. */
export class SteadyLoad {
  readonly timesMs: number[] = [];
  /** What went wrong, by words. */
  readonly failures = new Map<string, number>();
  readonly #pool: Pool;
  readonly #target: SteadyLoadTarget;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #open = new Set<Promise<void>>();
  #sent = 0;

  constructor(target: SteadyLoadTarget, requestsPerSecond: number) {
    this.#target = target;
    this.#pool = new Pool(`http://${target.address}`, { connections: 64, pipelining: 1 });
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#startedAt) / 1000) * requestsPerSecond;
      while (this.#sent < due) this.#send();
    }, 2);
  }

  get sent(): number {
    return this.#sent;
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    await this.#pool.close();
  }

  #send(): void {
    this.#sent++;
    const one = this.#request().finally(() => this.#open.delete(one));
    this.#open.add(one);
  }

  async #request(): Promise<void> {
    const { host, path } = this.#target;
    const startedAt = performance.now();
    try {
      const { statusCode, body } = await this.#pool.request({ method: 'GET', path, headers: { host } });
      await body.dump();
      if (statusCode !== 200) this.#fail(`status ${statusCode}`);
    } catch (error) {
      this.#fail((error as Error).message);
    }
    this.timesMs.push(performance.now() - startedAt);
  }

  #fail(reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }
}

import type { IdentityMaterial, TracePin } from '../../data-plane/messages.ts';
import type { BoundListener, MeshSnapshot, PrepareResult } from '../../data-plane/snapshot.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { DataPlaneGone, DataPlaneThread, type Told } from './data-plane-thread.ts';

const restartDelayMs = 50;
const maxRestartDelayMs = 5_000;

export interface WorkerSlotOptions {
  entry: URL;
  name: string;
  clock: Clock;
  onTold: (message: Told) => void;
  onDied: (reason: string) => void;
  /** Gives a new thread everything it must know. False: it serves nothing, and is to be tried again later. */
  revive: () => Promise<boolean>;
}

/** What every worker knows and a new one must be told. */
export interface Standing {
  keepsAll: boolean;
  pins: ReadonlyMap<string, TracePin[]>;
  drained: ReadonlySet<string>;
  identities: readonly IdentityMaterial[];
}

/** The place of one worker: its thread, and after that thread's death the next one. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  #thread: DataPlaneThread | null = null;
  #closed = false;
  #restartDelayMs = restartDelayMs;
  #timer: Timer | null = null;
  /** Its exchanges that go on for long. */
  openIds: string[] = [];

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#start();
  }

  /** Null while it is being started again. */
  get thread(): DataPlaneThread | null {
    return this.#thread;
  }

  tell(standing: Standing): void {
    this.#thread?.post({ type: 'keep-all', on: standing.keepsAll });
    for (const [prefix, pins] of standing.pins) this.#thread?.post({ type: 'pin-traces', id: 0, prefix, pins });
    for (const workload of standing.drained) this.#thread?.post({ type: 'rotate', id: 0, workload, action: 'drain' });
    this.#thread?.post({ type: 'identities', identities: [...standing.identities] });
  }

  /** Binds and builds, serves nothing yet. */
  async prepare(snapshot: MeshSnapshot, own: string[], workers: number): Promise<PrepareResult> {
    return (await this.#required.ask({ type: 'prepare', snapshot, own, workers }, 'prepared')).result;
  }

  async commit(bound: readonly BoundListener[]): Promise<void> {
    await this.#required.ask({ type: 'commit', bound: [...bound] }, 'committed');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const thread = this.#thread;
    this.#thread = null;
    await thread?.close();
  }

  get #required(): DataPlaneThread {
    if (this.#thread === null) throw new DataPlaneGone('The data plane is being restarted');
    return this.#thread;
  }

  #start(): void {
    const { entry, name, onTold } = this.#options;
    this.#thread = new DataPlaneThread({ entry, name, onTold, onDied: (reason) => this.#died(reason) });
  }

  #died(reason: string): void {
    if (this.#closed) return;
    this.#thread = null;
    this.openIds = [];
    this.#options.onDied(reason);
    this.#timer = this.#options.clock.setTimer(() => void this.#restart(), this.#restartDelayMs);
    this.#restartDelayMs = Math.min(maxRestartDelayMs, this.#restartDelayMs * 2);
  }

  async #restart(): Promise<void> {
    if (this.#closed) return;
    this.#start();
    try {
      if (await this.#options.revive()) this.#restartDelayMs = restartDelayMs;
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // it died again: #died has set the next try
    }
  }
}

import type { RotationAction } from '../api/status.schema.ts';

/** The data plane's side of it. */
interface RotatingPlane {
  readonly drained: ReadonlySet<string>;
  rotate(workload: string, action: RotationAction): Promise<number>;
}

type Emit = (type: string, subject: string, message: string, data: Record<string, unknown>) => void;

const words: Record<'drain' | 'restore', [type: string, message: string]> = {
  drain: ['endpoint.drained', 'is out of rotation, by hand: callers send it nothing new'],
  restore: ['endpoint.restored', 'is in rotation again'],
};

/** Instances taken out of their callers' rotation by hand, until they are put back or the engine stops. */
export class Rotation {
  readonly #plane: RotatingPlane;
  readonly #emit: Emit;

  constructor(plane: RotatingPlane, emit: Emit) {
    this.#plane = plane;
    this.#emit = emit;
  }

  isDrained(workload: string): boolean {
    return this.#plane.drained.has(workload);
  }

  /** Returns how many callers' clusters changed. */
  async change(workload: string, action: RotationAction): Promise<number> {
    const before = this.isDrained(workload);
    const clusters = await this.#plane.rotate(workload, action);
    // Ejections and returns are told by the sidecars that made them.
    if ((action === 'drain' || action === 'restore') && before !== this.isDrained(workload)) {
      const [type, message] = words[action];
      this.#emit(type, workload, `${workload} ${message}`, { workload, clusters });
    }
    return clusters;
  }

  /** Everyone is back; returns who was out. */
  async restoreAll(): Promise<string[]> {
    const out = [...this.#plane.drained];
    for (const workload of out) await this.change(workload, 'restore');
    return out;
  }
}

import type { FaultSnapshot } from '../../data-plane/snapshot.ts';
import { SharedFaultMemory } from '../../shared/fault-memory.ts';

interface Remembered {
  signature: string;
  memory: SharedArrayBuffer;
}

/** The faults of a mesh on several workers: each with the memory they all count in, which it keeps as long as it is the same fault. */
export class SharedFaults {
  #remembered: ReadonlyMap<string, Remembered> = new Map();

  /** `keep`: the snapshot with these is in force. */
  withMemory(faults: readonly FaultSnapshot[]): { faults: FaultSnapshot[]; keep: () => void } {
    const next = new Map<string, Remembered>();
    const shared = faults.map((fault) => {
      const signature = JSON.stringify({ ...fault, resource: null });
      const known = this.#remembered.get(fault.id);
      const draws = fault.per === 'trace' || fault.per === 'client';
      const memory = known?.signature === signature ? known.memory : SharedFaultMemory.create(draws);
      next.set(fault.id, { signature, memory });
      return { ...fault, memory };
    });
    return {
      faults: shared,
      keep: () => {
        this.#remembered = next;
      },
    };
  }
}

import { DataPlaneGone } from '../control-plane/data-plane/data-plane-thread.ts';

/** For `catch`: a data plane that is being restarted has nothing more to hand over, and is asked again when it is back. */
export function ignoreGone(error: unknown): void {
  if (!(error instanceof DataPlaneGone)) throw error;
}

import { DataPlaneGone } from '../data-plane/data-plane-thread.ts';
import { ApiError } from '../server/api-error.ts';

/** A 400 where telemetry finds something wrong with the question, which it says in a RangeError. */
export async function askTelemetry<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('invalid_request', error.message);
    throw error;
  }
}

/** A 503 while the data plane is being restarted. */
export async function askDataPlane<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DataPlaneGone) throw new ApiError('unavailable', error.message);
    throw error;
  }
}

/** A 404 in these words where there is nothing. */
export function need<T>(value: T | null | undefined, missing: string): T {
  if (value === null || value === undefined) throw new ApiError('not_found', missing);
  return value;
}

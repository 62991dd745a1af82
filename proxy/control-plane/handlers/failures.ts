import { DataPlaneGone } from '../data-plane/data-plane-thread.ts';
import { ApiError } from '../server/api-error.ts';

/** Telemetry names what is wrong with a query in a RangeError. */
export async function badQuery<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('invalid_request', error.message);
    throw error;
  }
}

/** A data plane that is being restarted cannot be asked. */
export async function gone<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DataPlaneGone) throw new ApiError('unavailable', error.message);
    throw error;
  }
}

export function throwIt(error: Error): never {
  throw error;
}

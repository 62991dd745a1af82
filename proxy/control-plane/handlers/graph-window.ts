import { parseDurationMs } from '../../shared/duration.ts';
import { ApiError } from '../server/api-error.ts';

/** `5m`; `run` is everything since the engine started: infinite. */
export function windowMs(window: string): number {
  if (window === 'run') return Number.POSITIVE_INFINITY;
  const ms = parseDurationMs(window);
  if (ms === null || ms <= 0 || ms > 86_400_000)
    throw new ApiError('invalid_request', `${window} is not a window: write 60s, 5m, 1h or run`);
  return ms;
}

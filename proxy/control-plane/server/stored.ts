import type { ErrorCode } from '../../api/error-codes.ts';
import type { StoreErrorCode, StoreResult } from '../../store/store-types.ts';
import { ApiError } from './api-error.ts';

const codes: Record<StoreErrorCode, ErrorCode> = {
  not_found: 'not_found',
  conflict: 'conflict',
  invalid: 'invalid_request',
  disk: 'unavailable',
  busy: 'unavailable',
  closed: 'unavailable',
  internal: 'internal',
};

/** What the store answered; its refusals are the API's. */
export function stored<T>(result: StoreResult<T>): T {
  if (result.ok) return result.value;
  throw new ApiError(codes[result.code], result.message);
}

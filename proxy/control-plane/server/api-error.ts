import { type ApiErrorBody, type ErrorCode, errorCodes } from '../../api/error-codes.ts';

/** A refusal the API answers as `{error:{code,message,details}}` with the code's status. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly details: unknown;
  constructor(code: ErrorCode, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
  get status(): number {
    return errorCodes[this.code];
  }
  get body(): ApiErrorBody {
    const { code, message, details } = this;
    return { error: details === undefined ? { code, message } : { code, message, details } };
  }
}

/** A handler's answer that is not a plain 200: a rejected apply is 422 and still carries its diagnostics. */
export class Reply<T> {
  readonly status: number;
  readonly body: T;
  constructor(status: number, body: T) {
    this.status = status;
    this.body = body;
  }
}

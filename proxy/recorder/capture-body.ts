import type { CapturedBody } from '../api/exchange.schema.ts';
import { headerValue } from '../shared/header-value.ts';

/** A whole body in the form the data plane captures them; null for an empty one. */
export function captureBody(body: Buffer, headers: readonly (readonly [string, string])[]): CapturedBody | null {
  if (body.length === 0) return null;
  return {
    bytes: body.length,
    capturedBytes: body.length,
    truncated: false,
    encoding: 'base64',
    content: body.toString('base64'),
    contentType: headerValue(headers, 'content-type'),
    contentEncoding: headerValue(headers, 'content-encoding'),
  };
}

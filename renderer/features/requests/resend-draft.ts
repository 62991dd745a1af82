import { useState } from 'react';
import type { ResendRequest } from '../../../proxy/api/body.schema.ts';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { writtenAnew } from '../../../proxy/api/repeat/repeatable.ts';
import { useCall } from '../../engine/use-engine.ts';
import { formatCount } from '../../ui/index.ts';
import { parseHeaders } from './parse-headers.ts';

/** A recorded request as it is being changed. */
export interface ResendDraft {
  method: string;
  path: string;
  /** One a line. */
  headers: string;
  /** Null where it cannot be edited as text. */
  body: string | null;
  set: (change: Partial<Pick<ResendDraft, 'method' | 'path' | 'headers' | 'body'>>) => void;
  errors: { path?: string; headers?: string };
  /** What of the original is not sent; whole sentences. */
  notes: readonly string[];
  /** Null while something is wrong. */
  change: () => ResendRequest | null;
}

export function useResendDraft(detail: ExchangeDetail): ResendDraft {
  const recorded = recordedHeaders(detail);
  const recordedBody = useRecordedBody(detail);
  const [{ body: edited, ...draft }, setDraft] = useState({
    ...{ method: detail.method, path: detail.path, headers: recorded },
    body: null as string | null,
  });
  const body = edited ?? recordedBody;
  const pairs = parseHeaders(draft.headers);
  const errors = {
    ...(draft.path.startsWith('/') ? {} : { path: 'A path starts with /.' }),
    ...(typeof pairs === 'string' ? { headers: pairs } : {}),
  };
  return {
    ...draft,
    body,
    errors,
    notes: notesOf(detail, body),
    set: (change) => setDraft((before) => ({ ...before, ...change })),
    change: () => {
      if (errors.path || typeof pairs === 'string') return null;
      const newBody = body === recordedBody || body === null ? undefined : body;
      // What was unpacked to be edited is sent unpacked.
      const headers =
        newBody !== undefined && isPacked(detail) ? pairs.filter(([name]) => !/^content-encoding$/i.test(name)) : pairs;
      const same = draft.headers === recorded && headers.length === pairs.length;
      return { method: draft.method, path: draft.path, headers: same ? undefined : headers, body: newBody };
    },
  };
}

const isRedacted = ({ redacted }: ExchangeDetail, name: string) => redacted.includes(`request.headers.${name.toLowerCase()}`);

/** Without what the proxies write anew, and what was taken out before it was written. */
export function recordedHeaders(detail: ExchangeDetail): string {
  return detail.request.headers
    .filter(([name]) => !writtenAnew.test(name) && !isRedacted(detail, name))
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

const isPacked = ({ request: { body } }: ExchangeDetail) => body !== null && body.contentEncoding !== '' && !body.truncated;

/** A compressed body is edited as the text it is; null where it is no text, or only its beginning is here. */
function useRecordedBody(detail: ExchangeDetail): string | null {
  const captured = detail.request.body;
  const packed = isPacked(detail);
  const { data: unpacked } = useCall('getBody', packed ? { params: { id: detail.id, side: 'request' } } : null);
  if (packed) return unpacked?.encoding === 'utf8' && unpacked.notes.length === 0 ? unpacked.content : null;
  return !captured || (captured.encoding === 'utf8' && !captured.truncated) ? (captured?.content ?? '') : null;
}

/** What of the request cannot be sent again as it was; `body` is its text, null where it has none. */
export function notesOf(detail: ExchangeDetail, body: string | null): string[] {
  const taken = [...new Set(detail.request.headers.map(([name]) => name).filter((name) => isRedacted(detail, name)))];
  const captured = detail.request.body;
  return [
    ...(taken.length > 0
      ? [`Not sent unless you write it here: ${taken.join(', ')}. It was taken out before the request was written down.`]
      : []),
    ...(captured?.truncated
      ? [
          `Only the first ${formatCount(captured.capturedBytes)} of ${formatCount(captured.bytes)} bytes of the body were kept; only these are sent.`,
        ]
      : body === null
        ? ['The body is no text; it is sent as it was.']
        : []),
  ];
}

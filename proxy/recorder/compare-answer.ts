import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ReplayRequest } from '../api/replay.schema.ts';
import { decodeBody } from './decode-body.ts';
import { diffResponses, type FieldDifference } from './diff.ts';
import type { Redactor } from './redact.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  headers: [string, string][];
  body: Buffer;
}

/**
 * How an answer differs from the recorded one. Both are brought to the same form first: cut where the recording was cut, redacted with the same
 * key, without content encoding. A body that was never captured is not compared.
 */
export function compareAnswer(
  recorded: ExchangeDetail,
  answer: RawAnswer,
  redactor: Redactor,
  request: Pick<Partial<ReplayRequest>, 'diff' | 'ignore'>,
): FieldDifference[] {
  if (request.diff === false) {
    if (recorded.status === answer.status) return [];
    return [{ path: 'status', kind: 'changed', recorded: String(recorded.status), replayed: String(answer.status) }];
  }
  const known = recorded.response.body;
  const cut = known?.truncated ? answer.body.subarray(0, known.capturedBytes) : answer.body;
  const [replayed] = redactor.redact([
    { ...recorded, response: { headers: answer.headers, body: captured(cut, answer.headers), trailers: [] } },
  ]);
  const unknown = known === null && recorded.responseBytes > 0;
  return diffResponses(
    { status: recorded.status, headers: recorded.response.headers, body: plain(known) },
    { status: answer.status, headers: replayed!.response.headers, body: plain(replayed!.response.body) },
    { ignore: [...(request.ignore ?? []), ...(unknown ? ['body'] : [])], recordedTruncated: known?.truncated ?? false },
  );
}

/** In the form the data plane captures bodies. */
function captured(body: Buffer, headers: [string, string][]): CapturedBody | null {
  if (body.length === 0) return null;
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
  return {
    bytes: body.length,
    capturedBytes: body.length,
    truncated: false,
    encoding: 'base64',
    content: body.toString('base64'),
    contentType: header('content-type'),
    contentEncoding: header('content-encoding'),
  };
}

function plain(body: CapturedBody | null): Buffer {
  if (body === null) return Buffer.alloc(0);
  return decodeBody(body) ?? Buffer.from(body.content, body.encoding);
}

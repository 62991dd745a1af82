import type { CapturedBody, ExchangeDetail, ExchangeMessage } from '../api/exchange.schema.ts';
import type { ReplayRequest } from '../api/replay.schema.ts';
import { captureBody } from './capture-body.ts';
import { compareMessages } from './compare/compare-messages.ts';
import { type CompiledRules, compileRules } from './compare/rules.ts';
import { difference } from './compare/show.ts';
import { decodeBody } from './decode-body.ts';
import { diffResponses, type FieldDifference } from './diff.ts';
import type { Redactor } from './redact.ts';
import type { StreamMessage } from './replay/call.ts';
import { framesOf, isEventStream, toStreamMessage } from './replay/playable.ts';

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  headers: [string, string][];
  body: Buffer;
  trailers?: [string, string][];
  messages?: StreamMessage[];
}

export type AnswerRules = Pick<Partial<ReplayRequest>, 'diff' | 'ignore' | 'unordered' | 'tolerance'> & {
  compiled?: CompiledRules;
};

/**
 * How an answer differs from the recorded one. Both are brought to the same form first: cut where the recording was cut, redacted with the same
 * key, without content encoding. A body that was never captured is not compared.
 */
export function compareAnswer(
  recorded: ExchangeDetail,
  answer: RawAnswer,
  redactor: Redactor,
  request: AnswerRules,
): FieldDifference[] {
  if (request.diff === false) {
    if (recorded.status === answer.status) return [];
    return [{ path: 'status', kind: 'changed', recorded: String(recorded.status), replayed: String(answer.status) }];
  }
  const rules = request.compiled ?? compileRules(request);
  if (typeof rules === 'string') throw new TypeError(rules);
  const asRecorded = asExchange(recorded, answer, redactor);
  const fields = isStream(recorded) ? compareStreams(recorded, asRecorded, rules) : compareBodies(recorded, asRecorded, rules);
  if (recorded.grpcStatus !== undefined) compareGrpcStatus(recorded, asRecorded, rules, fields);
  return fields;
}

/** The answer in the form the data plane captures exchanges: cut off where the recorded one was, and redacted with the same key. */
export function asExchange(recorded: ExchangeDetail, answer: RawAnswer, redactor: Redactor): ExchangeDetail {
  const known = recorded.response.body;
  const cut = known?.truncated ? answer.body.subarray(0, known.capturedBytes) : answer.body;
  const items = answer.messages?.map(toRecorded) ?? [];
  const { messages: _messages, grpcStatus, ...rest } = recorded;
  const told = Number(
    [...(answer.trailers ?? []), ...answer.headers].find(([name]) => name.toLowerCase() === 'grpc-status')?.[1] ?? -1,
  );
  return redactor.redactOne({
    ...rest,
    ...(grpcStatus === undefined ? {} : { grpcStatus: told }),
    status: answer.status,
    response: { headers: answer.headers, body: captureBody(cut, answer.headers), trailers: answer.trailers ?? [] },
    ...(answer.messages === undefined ? {} : { messages: { items, total: items.length, dropped: 0 } }),
  });
}

function compareBodies(recorded: ExchangeDetail, replayed: ExchangeDetail, rules: CompiledRules): FieldDifference[] {
  const known = recorded.response.body;
  const unknown = known === null && recorded.responseBytes > 0;
  return diffResponses(
    { status: recorded.status, headers: recorded.response.headers, body: unknown ? Buffer.alloc(0) : plain(known) },
    {
      status: replayed.status,
      headers: replayed.response.headers,
      body: unknown ? Buffer.alloc(0) : plain(replayed.response.body),
    },
    { rules, recordedTruncated: known?.truncated ?? false },
  );
}

/** WebSocket, server-sent events, gRPC: status and headers, and what was said message by message. */
function compareStreams(recorded: ExchangeDetail, replayed: ExchangeDetail, rules: CompiledRules): FieldDifference[] {
  const nothing = Buffer.alloc(0);
  const isHandshake = recorded.protocol === 'WebSocket';
  const headers = ({ response }: ExchangeDetail) => (isHandshake ? [] : response.headers);
  const fields = diffResponses(
    { status: recorded.status, headers: headers(recorded), body: nothing },
    { status: replayed.status, headers: headers(replayed), body: nothing },
    { rules },
  );
  const down = (list: readonly StreamMessage[]) => list.filter(({ dir }) => dir === 'down');
  // Beginning and end were kept: only the beginning has its place.
  const known = (recorded.messages?.items ?? []).filter((message, i) => message.number === i && message.dir === 'down');
  const before = recorded.messages === undefined ? bodyMessages(recorded) : known.map(toStreamMessage);
  const after = down((replayed.messages?.items ?? []).map(toStreamMessage));
  const told = (recorded.messages?.dropped ?? 0) === 0 ? after : after.slice(0, before.length);
  const isWhole = (_: StreamMessage, i: number) => known[i]?.truncated !== true;
  return [...fields, ...compareMessages(before.filter(isWhole), told.filter(isWhole), rules)];
}

function isStream(recorded: ExchangeDetail): boolean {
  return (
    recorded.protocol === 'WebSocket' ||
    recorded.protocol === 'gRPC' ||
    (isEventStream(recorded) && recorded.messages !== undefined)
  );
}

function bodyMessages({ response: { body } }: ExchangeDetail): StreamMessage[] {
  return body === null ? [] : framesOf(Buffer.from(body.content, body.encoding), 'down');
}

function compareGrpcStatus(
  recorded: ExchangeDetail,
  replayed: ExchangeDetail,
  rules: CompiledRules,
  fields: FieldDifference[],
): void {
  const [before, now] = [recorded.grpcStatus, replayed.grpcStatus].map((status) => (status === -1 ? 'none' : String(status)));
  if (before !== now && !rules.ignored('grpc-status')) fields.unshift(difference('grpc-status', before, now));
}

function toRecorded({ dir, kind, data, offsetMs, closeCode }: StreamMessage, number: number): ExchangeMessage {
  const isText = kind === 'text' || kind === 'event' || kind === 'close';
  const encoding = isText ? 'utf8' : 'base64';
  const content = data.toString(encoding);
  const message: ExchangeMessage = { number, dir, kind, bytes: data.length, offsetMs, encoding, content, truncated: false };
  return closeCode === undefined ? message : { ...message, closeCode };
}

function plain(body: CapturedBody | null): Buffer {
  if (body === null) return Buffer.alloc(0);
  return decodeBody(body) ?? Buffer.from(body.content, body.encoding);
}

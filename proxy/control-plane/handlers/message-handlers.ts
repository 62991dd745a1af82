import type { ResendAnswer, ResendRequest, SendAnswer, SendRequest } from '../../api/body.schema.ts';
import type { CapturedBody, ExchangeDetail } from '../../api/exchange.schema.ts';
import { captureBody } from '../../recorder/capture-body.ts';
import { compareAnswer } from '../../recorder/compare-answer.ts';
import { compareRequest } from '../../recorder/compare-request.ts';
import { decodeBody } from '../../recorder/decode-body.ts';
import type { Redactor } from '../../recorder/redact.ts';
import { headersToSend, type ReplaySend } from '../../recorder/replay.ts';
import { viewBody } from '../../recorder/view-body.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';

export type MessageHandlers = Pick<ApiHandlers, 'getBody' | 'resendExchange' | 'sendRequest'>;

export interface MessageParts {
  /** Throws not_found. */
  exchange(id: string): Promise<ExchangeDetail>;
  send: ReplaySend;
  redactor: Redactor;
}

const timeoutMs = 60_000;

/** What was said in an exchange made readable, and the same request sent once more. */
export function createMessageHandlers(parts: MessageParts): MessageHandlers {
  return {
    getBody: async ({ params }) => {
      const exchange = await parts.exchange(params.id);
      if (params.side !== 'request' && params.side !== 'response')
        throw new ApiError('not_found', 'A body is of request or response');
      const { body } = exchange[params.side];
      if (body === null) throw new ApiError('not_found', `The ${params.side} has no body that was kept`);
      return viewBody(body);
    },
    resendExchange: async ({ params, body }) => resend(parts, await parts.exchange(params.id), body),
    sendRequest: async ({ body }) => sendOwn(parts, body),
  };
}

async function sendOwn({ send }: MessageParts, { from, body, ...request }: SendRequest): Promise<SendAnswer> {
  const [service, namespace = 'default'] = (from ?? '').split('/').toReversed() as [string, string?];
  const answer = await send({
    ...request,
    method: request.method.toUpperCase(),
    body: Buffer.from(body),
    source: from === undefined ? { kind: 'ingress' } : { kind: 'workload', workload: '', service, namespace },
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { ...answer, body: answer.body.toString('utf8') };
}

async function resend({ send, redactor }: MessageParts, exchange: ExchangeDetail, change: ResendRequest): Promise<ResendAnswer> {
  const recorded = {
    method: exchange.method,
    path: exchange.path,
    headers: headersToSend(exchange),
    body: bodyOf(exchange.request.body),
  };
  const sent = {
    method: change.method ?? recorded.method,
    path: change.path ?? recorded.path,
    headers: change.headers ?? recorded.headers,
    body: change.body === undefined ? recorded.body : Buffer.from(change.body),
  };
  const answer = await send({
    ...sent,
    source: sourceOf(exchange),
    authority: exchange.authority,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answered = answer.error === '';
  const captured = answered ? captureBody(answer.body, answer.headers) : null;
  // Compared without its encoding: what was edited was the text.
  const kept = exchange.request.body;
  const text = (kept && decodeBody(kept)) ?? recorded.body;
  return {
    ...answer,
    body: answer.body.toString('utf8'),
    view: captured && (await viewBody(captured)),
    compared: {
      request: compareRequest({ ...recorded, body: text }, { ...sent, body: change.body === undefined ? text : sent.body }),
      answer: answered ? compareAnswer(exchange, answer, redactor, {}) : null,
    },
  };
}

function sourceOf(exchange: ExchangeDetail): Parameters<ReplaySend>[0]['source'] {
  if (exchange.reporter === 'gateway' || exchange.source === 'outside' || exchange.source === 'ingress')
    return { kind: 'ingress' };
  return { kind: 'workload', workload: exchange.sourceWorkload, service: exchange.source, namespace: exchange.sourceNamespace };
}

const bodyOf = (body: CapturedBody | null): Buffer => (body ? Buffer.from(body.content, body.encoding) : Buffer.alloc(0));

import { z } from 'zod';
import { bodyViewSchema, resendAnswerSchema, resendRequestSchema, sendAnswerSchema, sendRequestSchema } from '../body.schema.ts';
import { exchangeDetailSchema, exchangePageSchema, exchangeQuerySchema, messagePageSchema } from '../exchange.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Requests that passed, their messages and bodies, and requests of one’s own. */
export const exchangeRoutes = {
  listExchanges: {
    method: 'GET',
    path: '/exchanges',
    summary: 'Exchanges, newest first',
    query: exchangeQuerySchema,
    response: exchangePageSchema,
  },
  getExchange: {
    method: 'GET',
    path: '/exchanges/:id',
    summary: 'One exchange with headers, bodies, decision and stage times',
    response: exchangeDetailSchema,
  },
  listMessages: {
    method: 'GET',
    path: '/exchanges/:id/messages',
    summary: 'Messages, frames or events of an exchange made readable, also while it goes on',
    query: z.object({ after: z.coerce.number().int().min(-1).default(-1) }),
    response: messagePageSchema,
  },
  getBody: {
    method: 'GET',
    path: '/exchanges/:id/bodies/:side',
    summary: 'The body of the `request` or the `response` made readable: without its content encoding, up to 1 MiB',
    response: bodyViewSchema,
  },
  resendExchange: {
    method: 'POST',
    path: '/exchanges/:id/resend',
    summary: 'Send a recorded request again from its source, as it was or changed; the answer comes with both comparisons',
    body: resendRequestSchema,
    response: resendAnswerSchema,
  },
  sendRequest: {
    method: 'POST',
    path: '/requests',
    summary: 'Send a request of one’s own through the ingress gateway, or as a service',
    body: sendRequestSchema,
    response: sendAnswerSchema,
  },
} as const satisfies Record<string, ApiRoute>;

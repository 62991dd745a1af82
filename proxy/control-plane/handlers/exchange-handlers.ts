import { decodeMessage } from '../../recorder/decode-body.ts';
import { viewMessages } from '../../telemetry/messages/view-messages.ts';
import { namesOf } from '../message-names/message-names.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';
import { needExchange } from './need-exchange.ts';

export type ExchangeHandlers = Pick<ApiHandlers, 'listExchanges' | 'getExchange' | 'listMessages'>;

/** Requests that passed, and their messages. */
export function createExchangeHandlers(parts: EngineParts): ExchangeHandlers {
  const { store, configuration } = parts;
  return {
    listExchanges: async ({ query }) => {
      await parts.flush();
      return store.queryExchanges(query);
    },
    getExchange: async ({ params }) => {
      await parts.flush();
      return needExchange(parts, params.id);
    },
    listMessages: async ({ params, query }) => {
      await parts.flush();
      const exchange = await needExchange(parts, params.id);
      const { types, why, files } = await namesOf({ ...parts, current: () => configuration.current }, exchange);
      return viewMessages(exchange, {
        types,
        names: why,
        files,
        after: query.after,
        inflate: decodeMessage,
        redact: (name, value) => parts.redactor.redactField(name, value),
      });
    },
  };
}

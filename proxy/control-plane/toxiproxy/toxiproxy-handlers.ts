import type { ProxyToxic, ToxicTypeInfo, ToxiproxyProxy } from '../../api/toxic.schema.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { type ProxyState, ToxiproxyError, type ToxiproxyState, toxicsInOrder } from './toxiproxy-state.ts';

export type ToxiproxyHandlers = Pick<
  ApiHandlers,
  | 'listToxicTypes'
  | 'listToxiproxyProxies'
  | 'addToxiproxyProxy'
  | 'changeToxiproxyProxy'
  | 'deleteToxiproxyProxy'
  | 'addProxyToxic'
  | 'changeProxyToxic'
  | 'deleteProxyToxic'
  | 'resetToxiproxy'
>;

type Attribute = ToxicTypeInfo['attributes'][number];
/** The data plane's table of toxics. */
export type ToxicTypes = readonly (Pick<ToxicTypeInfo, 'type' | 'summary'> & { attributes: readonly Attribute[] })[];

/** The same proxies as on the Toxiproxy API's own port, for the app and `drydock`: one state, two doors. */
export function createToxiproxyHandlers(parts: { toxiproxyState: ToxiproxyState; toxicTypes: ToxicTypes }): ToxiproxyHandlers {
  const { toxiproxyState: state, toxicTypes } = parts;
  return {
    listToxicTypes: () => ({
      types: toxicTypes.map(({ type, summary, attributes }) => ({
        type,
        summary,
        attributes: attributes.map((one) => ({ ...one })),
      })),
    }),
    listToxiproxyProxies: () => ({ proxies: state.list().map(showProxy) }),
    addToxiproxyProxy: ({ body }) => told(async () => showProxy(await state.create({ ...body }))),
    changeToxiproxyProxy: ({ params, body }) => told(async () => showProxy(await state.update(params.name, { ...body }))),
    deleteToxiproxyProxy: ({ params }) =>
      told(async () => {
        await state.remove(params.name);
        return { removed: params.name };
      }),
    addProxyToxic: ({ params, body }) => told(async () => showToxic(await state.addToxic(params.name, { ...body }))),
    changeProxyToxic: ({ params, body }) =>
      told(async () => showToxic(await state.updateToxic(params.name, params.toxic, { ...body }))),
    deleteProxyToxic: ({ params }) =>
      told(async () => {
        await state.removeToxic(params.name, params.toxic);
        return { removed: params.toxic };
      }),
    resetToxiproxy: () =>
      told(async () => {
        await state.reset();
        return { proxies: state.list().map(showProxy) };
      }),
  };
}

function showProxy({ name, listen, upstream, enabled, toxics }: ProxyState): ToxiproxyProxy {
  return { name, listen, upstream, enabled, toxics: toxicsInOrder({ toxics }).map(showToxic) };
}

function showToxic({ name, type, stream, toxicity, attributes }: ProxyState['toxics'][number]): ProxyToxic {
  return { name, type, stream, toxicity, attributes: { ...attributes } };
}

/** Toxiproxy's errors in the control API's words. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ToxiproxyError)) throw error;
    const code = error.status === 404 ? 'not_found' : error.status === 409 ? 'conflict' : 'invalid_request';
    // A taken port is the request's fault here, not the engine's.
    throw new ApiError(code, error.message.replace(/^bad request body: (json: )?/, ''));
  }
}

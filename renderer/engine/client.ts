import type { z } from 'zod';
import { type ApiResponse, type ApiRoute, type ApiRouteName, apiRoutes } from '../../proxy/api/routes.ts';
import type { Connection } from './connection.ts';

type Route<K extends ApiRouteName> = (typeof apiRoutes)[K];
type QueryOf<K extends ApiRouteName> = Route<K> extends { query: infer Q extends z.ZodType } ? Partial<z.input<Q>> : undefined;
type BodyOf<K extends ApiRouteName> =
  Route<K> extends { body: 'yaml' }
    ? YamlText
    : Route<K> extends { body: 'bytes' }
      ? Blob
      : Route<K> extends { body: infer B extends z.ZodType }
        ? z.input<B>
        : undefined;
/** YAML text, or with the name its diagnostics and objects carry. */
export type YamlText = string | { yaml: string; file: string };
type ParamNames<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;
type ParamsOf<K extends ApiRouteName> = Record<ParamNames<Route<K>['path']>, string>;

export type CallArgs<K extends ApiRouteName> = {
  params?: ParamsOf<K>;
  query?: QueryOf<K>;
  /** YAML text (alone or with its file's name) for `body: 'yaml'` routes, else the JSON value. */
  body?: BodyOf<K>;
  signal?: AbortSignal;
};

/** A failed call: the API's stable code, or `unreachable` when no engine answered. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly code: string;
  readonly status: number;
  readonly details: unknown;
  constructor(code: string, message: string, status = 0, details?: unknown) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** For routes whose answer is a file. */
export type Download = (route: ApiRouteName, params: Record<string, string>) => Promise<Blob>;
export type Call = <K extends ApiRouteName>(route: K, args?: CallArgs<K>) => Promise<ApiResponse<K>>;

/** `/exchanges/:id` with {id: 'a/b'} → `/exchanges/a%2Fb`. A missing parameter is a bug of the caller and throws. */
export function buildPath(path: string, params: Record<string, string> = {}, query: Record<string, unknown> = {}): string {
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${path} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text ? `${filled}?${text}` : filled;
}

/** The only way to the control API. `connection` is read at each call: a restarted engine has another address. */
export function createCall(connection: () => Connection | null, fetchFn: typeof fetch = (...args) => fetch(...args)): Call {
  return async (name, args = {}) => {
    const to = connection();
    if (!to) throw new EngineError('unreachable', 'No engine is connected.');
    const route: ApiRoute = apiRoutes[name];
    const body = args.body as unknown;
    const headers: Record<string, string> = { authorization: `Bearer ${to.token}` };
    const asText = typeof body === 'string' && route.body === 'yaml';
    const isFile = route.body === 'bytes';
    if (body !== undefined)
      headers['content-type'] = isFile ? 'application/octet-stream' : asText ? 'application/yaml' : 'application/json';
    let answer: Response;
    try {
      answer = await fetchFn(`${to.url}/api/v1${buildPath(route.path, args.params, args.query)}`, {
        method: route.method,
        headers,
        body: body === undefined ? undefined : isFile ? (body as Blob) : asText ? body : JSON.stringify(body),
        signal: args.signal,
      });
    } catch (error) {
      if (args.signal?.aborted) throw error;
      throw new EngineError('unreachable', 'The engine does not answer. It may be restarting.', 0, error);
    }
    const value = await readJson(answer);
    if (!answer.ok) throw toEngineError(answer.status, value);
    return value as ApiResponse<typeof name>;
  };
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    throw new EngineError(
      'internal',
      `The engine answered ${answer.status} with something that is not JSON.`,
      answer.status,
      text,
    );
  }
}

/** A rejected apply answers 422 with its diagnostics beside or inside the error; both arrive in `details`. */
function toEngineError(status: number, value: unknown): EngineError {
  const body = value as { error?: { code?: string; message?: string; details?: unknown } } | null;
  const message = body?.error?.message ?? `The engine refused this with status ${status}.`;
  return new EngineError(body?.error?.code ?? 'internal', message, status, body?.error?.details ?? value);
}

/** An answer that is a file, as bytes. */
export function createDownload(
  connection: () => Connection | null,
  fetchFn: typeof fetch = (...args) => fetch(...args),
): Download {
  return async (name, params) => {
    const to = connection();
    if (!to) throw new EngineError('unreachable', 'No engine is connected.');
    const headers = { authorization: `Bearer ${to.token}` };
    const answer = await fetchFn(`${to.url}/api/v1${buildPath(apiRoutes[name].path, params)}`, { headers }).catch(
      (error: unknown) => {
        throw new EngineError('unreachable', 'The engine does not answer. It may be restarting.', 0, error);
      },
    );
    if (!answer.ok) throw toEngineError(answer.status, await readJson(answer));
    return answer.blob();
  };
}

/** An error in words for a person, whatever was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type ApiResponse, type ApiRouteName, apiRoutes } from '../api/routes.ts';
import { type EngineFile, readEngineFile } from '../control-plane/home.ts';
import { CommandError } from './command.ts';

export interface CallOptions {
  params?: Record<string, string>;
  query?: Record<string, string | undefined>;
  body?: unknown;
  /** YAML text instead of a JSON body. */
  yaml?: string;
}

/** The control API of the engine of a home folder. */
export class EngineClient {
  readonly engine: EngineFile;
  constructor(engine: EngineFile) {
    this.engine = engine;
  }

  static async open(home: string): Promise<EngineClient> {
    const engine = await readEngineFile(home);
    if (!engine) throw new CommandError(`No engine is running for ${home}: start one with \`drydock up -f …\``);
    return new EngineClient(engine);
  }

  /** The answer, or a CommandError with the engine's words. A 422 is an answer here: it carries diagnostics. */
  async call<K extends ApiRouteName>(name: K, options: CallOptions = {}): Promise<ApiResponse<K>> {
    const { status, text } = await this.#send(apiRoutes[name].method, pathOf(name, options), options);
    return answerOf(status, text);
  }

  /** An answer that is a file, written while it comes; a new file is readable by its owner alone. */
  async download(name: ApiRouteName, options: CallOptions, to: string | NodeJS.WritableStream): Promise<void> {
    const headers = { authorization: `Bearer ${this.engine.token}` };
    const sent = request(this.engine.url + pathOf(name, options), { method: apiRoutes[name].method, headers, agent: false });
    sent.end();
    const response = await this.#response(sent);
    if (response.statusCode !== 200) answerOf(response.statusCode ?? 0, await readAll(response));
    else if (typeof to === 'string') await pipeline(response, createWriteStream(to, { mode: 0o600 }));
    else await pipeline(response, to, { end: false });
  }

  /** A file as the request's body. */
  async upload<K extends ApiRouteName>(name: K, options: CallOptions, file: string): Promise<ApiResponse<K>> {
    const headers = {
      authorization: `Bearer ${this.engine.token}`,
      'content-type': 'application/octet-stream',
      'content-length': String((await stat(file)).size),
    };
    const sent = request(this.engine.url + pathOf(name, options), { method: apiRoutes[name].method, headers, agent: false });
    const answered = this.#response(sent);
    // A refusal may come before the file is all sent; its words matter more than the broken pipe.
    const sending = pipeline(createReadStream(file), sent).catch((error: Error) => error);
    const response = await answered;
    const answer = answerOf<ApiResponse<K>>(response.statusCode ?? 0, await readAll(response));
    await sending;
    return answer;
  }

  #response(sent: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      sent.once('response', resolve);
      sent.on('error', (error) => reject(new CommandError(`The engine at ${this.engine.url} does not answer: ${error.message}`)));
    });
  }

  async #send(method: string, path: string, { body, yaml }: CallOptions): Promise<{ status: number; text: string }> {
    const content = yaml ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers: Record<string, string> = { authorization: `Bearer ${this.engine.token}` };
    if (content !== undefined) headers['content-type'] = yaml === undefined ? 'application/json' : 'application/yaml';
    if (content !== undefined) headers['content-length'] = String(Buffer.byteLength(content));
    const sent = request(this.engine.url + path, { method, headers, agent: false });
    sent.end(content);
    const response = await this.#response(sent);
    return { status: response.statusCode ?? 0, text: await readAll(response) };
  }
}

function pathOf(name: ApiRouteName, options: CallOptions): string {
  const filled = apiRoutes[name].path.replace(/:(\w+)/g, (_match, key: string) =>
    encodeURIComponent(options.params?.[key] ?? ''),
  );
  const query = new URLSearchParams(
    Object.entries(options.query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  return `/api/v1${filled}${query.size > 0 ? `?${query}` : ''}`;
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The answer's value, or a CommandError with the engine's words. */
function answerOf<T>(status: number, text: string): T {
  const answer = parse(text) as { error?: { message?: string; details?: unknown }; diagnostics?: unknown };
  if (status >= 400 && !(status === 422 && answer.diagnostics)) {
    throw new CommandError(answer.error?.message ?? `The engine answered ${status}`, answer.error?.details);
  }
  return answer as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`The engine's answer is not JSON: ${text.slice(0, 200)}`);
  }
}

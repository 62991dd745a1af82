import { request } from 'node:http';
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
    const route = apiRoutes[name];
    const filled = route.path.replace(/:(\w+)/g, (_match, key: string) => encodeURIComponent(options.params?.[key] ?? ''));
    const query = new URLSearchParams(
      Object.entries(options.query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const path = `/api/v1${filled}${query.size > 0 ? `?${query}` : ''}`;
    const { status, text } = await this.#send(route.method, path, options);
    const answer = parse(text) as { error?: { message?: string; details?: unknown }; diagnostics?: unknown };
    if (status >= 400 && !(status === 422 && answer.diagnostics)) {
      throw new CommandError(answer.error?.message ?? `The engine answered ${status}`, answer.error?.details);
    }
    return answer as ApiResponse<K>;
  }

  #send(method: string, path: string, { body, yaml }: CallOptions): Promise<{ status: number; text: string }> {
    const content = yaml ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers: Record<string, string> = { authorization: `Bearer ${this.engine.token}` };
    if (content !== undefined) headers['content-type'] = yaml === undefined ? 'application/json' : 'application/yaml';
    if (content !== undefined) headers['content-length'] = String(Buffer.byteLength(content));
    return new Promise((resolve, reject) => {
      const sent = request(this.engine.url + path, { method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
        response.on('error', reject);
      });
      sent.on('error', (error) => reject(new CommandError(`The engine at ${this.engine.url} does not answer: ${error.message}`)));
      sent.end(content);
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`The engine's answer is not JSON: ${text.slice(0, 200)}`);
  }
}

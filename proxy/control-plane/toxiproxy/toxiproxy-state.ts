import type { ToxicProxySpec, ToxicSpec } from '../../data-plane/messages.ts';

/** A toxic type as the API needs to know it; the data plane's own table is handed in. */
export interface ToxicTypeInfo {
  type: string;
  attributes: readonly { name: string; default: number; min: number; max: number; integer: boolean }[];
}

/** The data plane as seen from here: it listens, we only say where. */
export interface ToxicDataPlane {
  set(spec: ToxicProxySpec): Promise<{ listen: string; error: string }>;
  remove(name: string): Promise<void>;
}

/** An error with Toxiproxy's status and text. */
export class ToxiproxyError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface ToxicState extends ToxicSpec {
  /** As the client wrote it; `Upstream` stays `Upstream`. */
  streamText: string;
}
export interface ProxyState {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: ToxicState[];
}

export interface ToxiproxyStateOptions {
  dataPlane: ToxicDataPlane;
  toxicTypes: readonly ToxicTypeInfo[];
  /** Loads what a former run kept, and keeps what changes. */
  load: () => Promise<ProxyState[]>;
  save: (proxies: ProxyState[]) => Promise<void>;
}

/** The proxies and toxics of the Toxiproxy API: checks what clients send, keeps it, tells the data plane. Changes run one after another. */
export class ToxiproxyState {
  readonly #proxies = new Map<string, ProxyState>();
  readonly #options: ToxiproxyStateOptions;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ToxiproxyStateOptions) {
    this.#options = options;
  }

  /** Brings back the proxies of the last run; those whose port is taken come back disabled. Returns them by name. */
  restore(): Promise<string[]> {
    return this.#serialised(async () => {
      for (const proxy of await this.#options.load()) this.#proxies.set(proxy.name, proxy);
      await this.#bringUp();
      return [...this.#proxies.keys()];
    });
  }

  /** The data plane was started anew and knows none of them. */
  resume(): Promise<void> {
    return this.#serialised(() => this.#bringUp());
  }

  async #bringUp(): Promise<void> {
    for (const proxy of this.#proxies.values()) {
      if (!proxy.enabled) continue;
      const result = await this.#options.dataPlane.set(toSpec(proxy));
      if (result.error !== '') proxy.enabled = false;
      else proxy.listen = result.listen;
    }
  }

  list(): ProxyState[] {
    return [...this.#proxies.values()];
  }

  get(name: string): ProxyState {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) throw new ToxiproxyError(404, 'proxy not found');
    return proxy;
  }

  getToxic(proxyName: string, toxicName: string): ToxicState {
    const toxic = this.get(proxyName).toxics.find((t) => t.name === toxicName);
    if (toxic === undefined) throw new ToxiproxyError(404, 'toxic not found');
    return toxic;
  }

  create(input: Record<string, unknown>): Promise<ProxyState> {
    return this.#serialised(() => this.#create(input));
  }

  async #create(input: Record<string, unknown>): Promise<ProxyState> {
    const name = textField(input, 'name');
    if (name === '') throw new ToxiproxyError(400, 'missing required field: name');
    const upstream = textField(input, 'upstream');
    if (upstream === '') throw new ToxiproxyError(400, 'missing required field: upstream');
    if (this.#proxies.has(name)) throw new ToxiproxyError(409, 'proxy already exists');
    const proxy: ProxyState = {
      name,
      listen: withHost(textField(input, 'listen')),
      upstream,
      enabled: booleanField(input, 'enabled', true),
      toxics: [],
    };
    if (Array.isArray(input.toxics))
      for (const toxic of input.toxics) proxy.toxics.push(this.#parseToxic(proxy, asRecord(toxic)));
    await this.#push(proxy);
    this.#proxies.set(name, proxy);
    await this.#save();
    return proxy;
  }

  update(name: string, input: Record<string, unknown>): Promise<ProxyState> {
    return this.#serialised(async () => {
      const proxy = this.get(name);
      const next = { ...proxy };
      if (textField(input, 'listen') !== '') next.listen = withHost(textField(input, 'listen'));
      if (textField(input, 'upstream') !== '') next.upstream = textField(input, 'upstream');
      next.enabled = booleanField(input, 'enabled', proxy.enabled);
      try {
        await this.#push(next);
      } catch (error) {
        // The old address was given up for the new one, which failed: the proxy is down, and says so.
        proxy.enabled = false;
        await this.#save();
        throw error;
      }
      Object.assign(proxy, next);
      await this.#save();
      return proxy;
    });
  }

  remove(name: string): Promise<void> {
    return this.#serialised(async () => {
      this.get(name);
      await this.#options.dataPlane.remove(name);
      this.#proxies.delete(name);
      await this.#save();
    });
  }

  /**
   * Creates or replaces proxies from a list; one that is the same (listen, upstream) is left alone. Stops at the first failure and keeps those
   * before it. Toxics given with a proxy are added, which the original ignores.
   */
  async populate(inputs: Record<string, unknown>[]): Promise<{ proxies: ProxyState[]; error: ToxiproxyError | null }> {
    inputs.forEach((input, index) => {
      if (textField(input, 'name') === '') throw new ToxiproxyError(400, `missing required field: name at proxy ${index + 1}`);
      if (textField(input, 'upstream') === '')
        throw new ToxiproxyError(400, `missing required field: upstream at proxy ${index + 1}`);
    });
    const proxies: ProxyState[] = [];
    for (const input of inputs) {
      try {
        const known = this.#proxies.get(textField(input, 'name'));
        const same =
          known && known.listen === withHost(textField(input, 'listen')) && known.upstream === textField(input, 'upstream');
        if (known && same) {
          proxies.push(known);
          continue;
        }
        if (known) await this.remove(known.name);
        proxies.push(await this.create(input));
      } catch (error) {
        if (error instanceof ToxiproxyError) return { proxies, error };
        throw error;
      }
    }
    return { proxies, error: null };
  }

  addToxic(proxyName: string, input: Record<string, unknown>): Promise<ToxicState> {
    return this.#serialised(async () => {
      const proxy = this.get(proxyName);
      const toxic = this.#parseToxic(proxy, input);
      proxy.toxics.push(toxic);
      await this.#push(proxy);
      await this.#save();
      return toxic;
    });
  }

  updateToxic(proxyName: string, toxicName: string, input: Record<string, unknown>): Promise<ToxicState> {
    return this.#serialised(async () => {
      const toxic = this.getToxic(proxyName, toxicName);
      const attributes = this.#parseAttributes(toxic.type, asRecord(input.attributes ?? {}), toxic.attributes);
      toxic.toxicity = numberField(input, 'toxicity', toxic.toxicity);
      toxic.attributes = attributes;
      await this.#push(this.get(proxyName));
      await this.#save();
      return toxic;
    });
  }

  removeToxic(proxyName: string, toxicName: string): Promise<void> {
    return this.#serialised(async () => {
      const proxy = this.get(proxyName);
      this.getToxic(proxyName, toxicName);
      proxy.toxics = proxy.toxics.filter((t) => t.name !== toxicName);
      await this.#push(proxy);
      await this.#save();
    });
  }

  /** Enables every proxy and removes all toxics; connections stay. */
  reset(): Promise<void> {
    return this.#serialised(async () => {
      for (const proxy of this.#proxies.values()) {
        proxy.enabled = true;
        proxy.toxics = [];
        await this.#push(proxy);
      }
      await this.#save();
    });
  }

  async #push(proxy: ProxyState): Promise<void> {
    const { listen, error } = await this.#options.dataPlane.set(toSpec(proxy));
    if (error !== '') throw new ToxiproxyError(500, error);
    proxy.listen = listen;
  }

  #save(): Promise<void> {
    return this.#options.save(this.list());
  }

  #serialised<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #parseToxic(proxy: ProxyState, input: Record<string, unknown>): ToxicState {
    const type = textField(input, 'type');
    if (!this.#options.toxicTypes.some((t) => t.type === type)) throw new ToxiproxyError(400, 'invalid toxic type');
    const streamText = textField(input, 'stream') || 'downstream';
    const stream = streamText.toLowerCase();
    if (stream !== 'upstream' && stream !== 'downstream') {
      throw new ToxiproxyError(400, 'stream was invalid, can be either upstream or downstream');
    }
    const name = textField(input, 'name') || `${type}_${stream}`;
    if (proxy.toxics.some((t) => t.name === name)) throw new ToxiproxyError(409, 'toxic already exists');
    const attributes = this.#parseAttributes(type, asRecord(input.attributes ?? {}), {});
    return { name, type, stream, streamText, toxicity: numberField(input, 'toxicity', 1), attributes };
  }

  #parseAttributes(type: string, input: Record<string, unknown>, known: Record<string, number>): Record<string, number> {
    const info = this.#options.toxicTypes.find((t) => t.type === type)!;
    const attributes: Record<string, number> = {};
    for (const attribute of info.attributes) {
      const value = input[attribute.name] ?? known[attribute.name] ?? attribute.default;
      if (typeof value !== 'number' || !Number.isFinite(value) || (attribute.integer && !Number.isInteger(value))) {
        const found = typeof value === 'number' ? `number ${value}` : typeof value;
        throw new ToxiproxyError(
          400,
          `bad request body: json: cannot unmarshal ${found} into field ${type}.${attribute.name} of type ${attribute.integer ? 'int64' : 'float64'}`,
        );
      }
      if (value < attribute.min || value > attribute.max) {
        throw new ToxiproxyError(
          400,
          `bad request body: ${attribute.name} must be between ${attribute.min} and ${attribute.max}, not ${value}`,
        );
      }
      attributes[attribute.name] = value;
    }
    return attributes;
  }
}

/** Order as in the original: upstream toxics first, then downstream, each in the order they were added. */
export function toxicsInOrder({ toxics }: Pick<ProxyState, 'toxics'>): ToxicState[] {
  return [...toxics.filter((t) => t.stream === 'upstream'), ...toxics.filter((t) => t.stream === 'downstream')];
}

function toSpec(proxy: ProxyState): ToxicProxySpec {
  const toxics = toxicsInOrder(proxy).map(({ name, type, stream, toxicity, attributes }) => ({
    name,
    type,
    stream,
    toxicity,
    attributes: { ...attributes },
  }));
  return { name: proxy.name, listen: proxy.listen, upstream: proxy.upstream, enabled: proxy.enabled, toxics };
}

/** A missing host binds loopback, never every interface. */
function withHost(listen: string): string {
  if (listen === '') return '127.0.0.1:0';
  return listen.startsWith(':') ? `127.0.0.1${listen}` : listen.replace(/^localhost:/, '127.0.0.1:');
}

export function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ToxiproxyError(400, 'bad request body: json: cannot unmarshal into an object');
}
function textField(input: Record<string, unknown>, name: string): string {
  const value = input[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    throw new ToxiproxyError(400, `bad request body: json: cannot unmarshal ${typeof value} into field ${name} of type string`);
  return value;
}
function booleanField(input: Record<string, unknown>, name: string, fallback: boolean): boolean {
  const value = input[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean')
    throw new ToxiproxyError(400, `bad request body: json: cannot unmarshal ${typeof value} into field ${name} of type bool`);
  return value;
}
function numberField(input: Record<string, unknown>, name: string, fallback: number): number {
  const value = input[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number')
    throw new ToxiproxyError(400, `bad request body: json: cannot unmarshal ${typeof value} into field ${name} of type float32`);
  return value;
}

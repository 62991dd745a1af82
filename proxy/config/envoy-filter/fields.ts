import { parseDurationMs } from '../../shared/duration.ts';
import type { Path } from '../diagnostics.ts';
import { isRecord } from '../parse.ts';

/** Something in a patch that we do not act on, and where it stands. */
export interface Unread {
  path: Path;
  message: string;
}

/**
 * Reads an Envoy message written as YAML. Envoy takes `snake_case` and `camelCase`; a wrapper (UInt32Value) is its bare value. Whatever was
 * not asked for when `rest` is called is told: nothing of a patch is passed over in silence.
 */
export class Fields {
  readonly path: Path;
  readonly #unread: Unread[];
  readonly #values = new Map<string, { key: string; value: unknown }>();

  constructor(value: unknown, path: Path, unread: Unread[]) {
    this.path = path;
    this.#unread = unread;
    if (!isRecord(value)) {
      if (value !== undefined && value !== null) this.tell(path, 'is not a message');
      return;
    }
    for (const [key, field] of Object.entries(value)) this.#values.set(snakeCase(key), { key, value: field });
  }

  get empty(): boolean {
    return this.#values.size === 0;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  tell(path: Path, message: string): void {
    this.#unread.push({ path, message });
  }

  /** Told as it is: the field is known, its value is nothing we act on. */
  refuse(name: string, message: string): void {
    const found = this.#values.get(name);
    this.#values.delete(name);
    this.tell(found === undefined ? this.path : [...this.path, found.key], message);
  }

  /** The value, once; undefined when it is not set. */
  take(name: string): unknown {
    const found = this.#values.get(name);
    this.#values.delete(name);
    return found?.value ?? undefined;
  }

  /** Fields whose value changes nothing that a client or an upstream can see. */
  ignore(...names: string[]): void {
    for (const name of names) this.#values.delete(name);
  }

  message(name: string): Fields | null {
    const key = this.#keyOf(name);
    const value = this.take(name);
    return value === undefined ? null : new Fields(value, [...this.path, key], this.#unread);
  }

  /** A look at a message that is read later; what is wrong within is told then. */
  peek(name: string): Fields | null {
    const found = this.#values.get(name);
    return found?.value === undefined || found.value === null ? null : new Fields(found.value, [...this.path, found.key], []);
  }

  messages(name: string): Fields[] {
    const key = this.#keyOf(name);
    const value = this.take(name);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, index) => new Fields(item, [...this.path, key, index], this.#unread));
    this.tell([...this.path, key], `${name} is not a list`);
    return [];
  }

  /** A map's entries, as fields named by their keys. */
  entries(name: string): { key: string; path: Path; value: unknown }[] {
    const written = this.#keyOf(name);
    const value = this.take(name);
    if (!isRecord(value)) return [];
    return Object.entries(value).map(([key, one]) => ({ key, path: [...this.path, written, key], value: one }));
  }

  string(name: string): string | undefined {
    const value = this.#scalar(name);
    return value === undefined ? undefined : String(value);
  }

  boolean(name: string): boolean | undefined {
    const value = this.#scalar(name);
    return value === undefined ? undefined : value === true || value === 'true';
  }

  number(name: string): number | undefined {
    const key = this.#keyOf(name);
    const value = this.#scalar(name);
    if (value === undefined) return undefined;
    const number = typeof value === 'boolean' ? Number.NaN : Number(value);
    if (Number.isFinite(number)) return number;
    this.tell([...this.path, key], `\`${String(value)}\` is not a number`);
    return undefined;
  }

  /** `1.5s`, as protobuf writes durations. */
  durationMs(name: string): number | undefined {
    const key = this.#keyOf(name);
    const value = this.#scalar(name);
    if (value === undefined) return undefined;
    const ms = typeof value === 'string' && value.endsWith('s') ? parseDurationMs(value) : null;
    if (ms !== null) return ms;
    this.tell([...this.path, key], `\`${String(value)}\` is not a duration; write seconds, as 1.5s`);
    return undefined;
  }

  /** What nobody asked for is not acted on. */
  rest(): void {
    for (const [name, { key }] of this.#values) this.tell([...this.path, key], `\`${name}\` is not acted on`);
    this.#values.clear();
  }

  #keyOf(name: string): string {
    return this.#values.get(name)?.key ?? name;
  }

  /** Bare or wrapped: `5` or `{value: 5}`. */
  #scalar(name: string): string | number | boolean | undefined {
    const key = this.#keyOf(name);
    const taken = this.take(name);
    const value = isRecord(taken) && Object.keys(taken).length === 1 && 'value' in taken ? taken.value : taken;
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    this.tell([...this.path, key], `\`${name}\` is not a plain value`);
    return undefined;
  }
}

/** Protobuf's other spelling: `maxTokens`, `consecutive5xx`. Names of types and filters stay as they are. */
function snakeCase(key: string): string {
  if (/[_.]/.test(key)) return key;
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/5xx$/, '_5xx');
}

/** The message type of a typed_config and its fields; a TypedStruct is unwrapped. */
export function readTypedConfig(config: Fields): { type: string; fields: Fields } {
  const type = config.string('@type') ?? '';
  if (!type.endsWith('.TypedStruct')) return { type: shortType(type), fields: config };
  const inner = config.string('type_url') ?? '';
  const fields = config.message('value');
  config.rest();
  return { type: shortType(inner), fields: fields ?? new Fields({}, config.path, []) };
}

/** `type.googleapis.com/envoy.…v3.LocalRateLimit` → `LocalRateLimit` */
function shortType(url: string): string {
  return url.slice(url.lastIndexOf('.') + 1);
}

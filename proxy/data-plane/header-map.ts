/*
 * Headers that Envoy keeps in a slot of their own: a second one is appended to the first with `,`, in place, so that apps see one line. All
 * others stay apart. Seen of Envoy 1.40 with all of its filters built in, one name at a time.
 * https://github.com/envoyproxy/envoy/blob/main/envoy/http/header_map.h (inline headers)
 */
const inlineBoth = [
  ...[
    'cache-control',
    'content-encoding',
    'content-type',
    'via',
    'x-request-id',
    'x-envoy-decorator-operation',
    'x-envoy-attempt-count',
  ],
];
const inlineRequest: ReadonlySet<string> = new Set([
  ...inlineBoth,
  ...[
    'accept',
    'accept-encoding',
    'authorization',
    'if-match',
    'if-modified-since',
    'if-none-match',
    'if-range',
    'origin',
    'referer',
  ],
  ...['user-agent', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-client-trace-id'],
  ...['grpc-timeout', 'grpc-accept-encoding', 'access-control-request-method', 'access-control-request-headers'],
  ...['access-control-request-private-network', 'x-envoy-external-address', 'x-envoy-original-path'],
  'x-envoy-downstream-service-cluster',
]);
const inlineResponse: ReadonlySet<string> = new Set([
  ...inlineBoth,
  ...[
    'access-control-allow-origin',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-expose-headers',
  ],
  ...[
    'access-control-max-age',
    'access-control-allow-credentials',
    'age',
    'date',
    'etag',
    'expires',
    'last-modified',
    'location',
    'vary',
  ],
  ...['server', 'grpc-status', 'grpc-message', 'x-envoy-ratelimited', 'x-envoy-degraded'],
]);

/** Appends repeated inline headers to their first one, in `list` itself: [name, value, name, value, …]. */
export function joinInline(list: string[], kind: 'request' | 'response'): void {
  const inline = kind === 'request' ? inlineRequest : inlineResponse;
  for (let i = 2; i < list.length; i += 2) {
    const name = list[i]!;
    for (let first = 0; first < i; first += 2) {
      if (list[first] !== name) continue;
      if (!inline.has(name)) break;
      list[first + 1] = joined(list[first + 1]!, list[i + 1]!);
      list.splice(i, 2);
      i -= 2;
      break;
    }
  }
}

/** Nothing is appended to nothing, and nothing needs no comma. */
function joined(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first},${second}`;
}

/** Adds a header as Envoy does: a second inline one is appended to the first. */
export function addHeader(headers: HeaderMap, name: string, value: string, kind: 'request' | 'response'): void {
  const inline = kind === 'request' ? inlineRequest : inlineResponse;
  const present = inline.has(name) ? headers.get(name) : undefined;
  if (present === undefined) headers.add(name, value);
  else headers.set(name, joined(present, value));
}

/**
 * Headers as Envoy keeps them: lower-case names, order and duplicates preserved, joined by `,` when matched.
 * Backed by a flat list [name, value, name, value, …]; a request has ~15 entries, so a scan beats a Map.
 */
export class HeaderMap {
  readonly list: string[];

  /** Takes ownership of `list`; names must be lower case already. */
  constructor(list: string[] = []) {
    this.list = list;
  }

  static from(pairs: readonly (readonly [string, string])[]): HeaderMap {
    const list: string[] = [];
    for (const [name, value] of pairs) list.push(name.toLowerCase(), value);
    return new HeaderMap(list);
  }

  /** First value, or undefined. */
  get(name: string): string | undefined {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  /** All values joined by `,` (Envoy's HeaderUtility), or undefined when absent. */
  getJoined(name: string): string | undefined {
    const list = this.list;
    let joined: string | undefined;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) joined = joined === undefined ? list[i + 1] : `${joined},${list[i + 1]}`;
    }
    return joined;
  }

  getAll(name: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.list.length; i += 2) if (this.list[i] === name) values.push(this.list[i + 1]!);
    return values;
  }

  has(name: string): boolean {
    for (let i = 0; i < this.list.length; i += 2) if (this.list[i] === name) return true;
    return false;
  }

  /** Replaces all values of `name`, in the place of the first one. */
  set(name: string, value: string): void {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) continue;
      list[i + 1] = value;
      for (let j = list.length - 2; j > i; j -= 2) if (list[j] === name) list.splice(j, 2);
      return;
    }
    list.push(name, value);
  }

  add(name: string, value: string): void {
    this.list.push(name, value);
  }

  /** Returns true when something was removed. */
  remove(name: string): boolean {
    const list = this.list;
    let removed = false;
    for (let i = list.length - 2; i >= 0; i -= 2) {
      if (list[i] === name) {
        list.splice(i, 2);
        removed = true;
      }
    }
    return removed;
  }

  clone(): HeaderMap {
    return new HeaderMap(this.list.slice());
  }

  toPairs(): [string, string][] {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.list.length; i += 2) pairs.push([this.list[i]!, this.list[i + 1]!]);
    return pairs;
  }
}

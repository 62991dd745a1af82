/*
 * Request-level cases: what goes in, what the client and the app must see. They are plain data, so that the same case runs against Drydock
 * and, where one outbound proxy can answer it, against a real Envoy (bench/oracle.ts).
 */

export type Document = Record<string, unknown>;
/**
 * The apps behind the proxies; `dead` is a loopback port where nobody listens; `tls` speaks TLS as server.case, `mtls` asks for a client's
 * certificate too. Labels: version v1, v2, v3, v0, v4, v5.
 */
export type AppName = 'a' | 'b' | 'c' | 'dead' | 'tls' | 'mtls';

/** Cases that share one host and its configuration. */
export interface Group {
  /** Becomes the host `<id>.case`; letters, digits, dashes. */
  id: string;
  /** Host header; default `<id>.case`. */
  host?: string;
  /** Where the requests enter; default the caller's outbound listener. See mesh.test.ts and gateway.test.ts. */
  from?: string;
  /** Row of the behaviour specification. */
  source: string;
  /** What stands behind the host; default `['a']`. */
  endpoints?: AppName[];
  /** Locality `region/zone/subzone` and weight of endpoints; the caller stands in eu/a/1. */
  localities?: Partial<Record<AppName, string>>;
  weights?: Partial<Record<AppName, number>>;
  /** The endpoints by name instead of by address. */
  dns?: { resolution: 'DNS' | 'DNS_ROUND_ROBIN'; address: string };
  /** A real Envoy must pick the same endpoint. */
  sameServer?: boolean;
  /** http rules of a VirtualService on the host; `$HOST` in any string is the host, `$CERTS` the folder of the apps' certificates. */
  http?: Document[];
  trafficPolicy?: Document;
  subsets?: Document[];
  /** More objects; `$HOST` is replaced here too. */
  documents?: Document[];
  /** False where Envoy alone cannot show it (it takes istiod, two hops or a gateway). */
  oracle?: boolean;
  /** Cases change shared state: one after another, in order. */
  sequential?: boolean;
  cases: Case[];
}

export interface Case {
  name: string;
  method?: string;
  path?: string;
  /** Host header; default the group's host. `$HOST` is replaced. */
  host?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** The request as bytes instead of method, path, host, headers and body: see send-raw.ts. Sent once. */
  raw?: string;
  /** What the app does, attempt by attempt: `status=503|status=200`. See app.ts. */
  app?: string;
  /** Sent this many times, one after another; the expectation holds for each, `shares` for all. */
  repeat?: number;
  /** Sent this many times at once. */
  concurrent?: number;
  /** `status` holds only while the app answers within the case's timeout. */
  appInTime?: boolean;
  expect: Expect;
  /** Where a real Envoy 1.40 is known to answer otherwise, and why we keep ours. */
  differs?: string;
}

export type Text = string | RegExp;

export interface Expect {
  status?: number;
  body?: Text;
  /** Response headers; null = absent. */
  headers?: Record<string, Text | null>;
  trailers?: Record<string, Text | null>;
  /** Requests that reached any app, mirrors included. */
  attempts?: number | [number, number];
  /** App that served the last attempt. */
  server?: AppName;
  /** The last attempt as the app saw it. */
  seen?: { method?: string; path?: Text; authority?: Text; body?: string; headers?: Record<string, Text | null> };
  flags?: string;
  details?: Text;
  minMs?: number;
  maxMs?: number;
  /** The connection is cut instead of a (complete) response. */
  cut?: boolean;
  /** Per app, of all repeats, between two shares. */
  shares?: Partial<Record<AppName, [number, number]>>;
  /** Share of all repeats of which a mirror saw a copy, between two shares. */
  mirrored?: [number, number];
  /** All repeats were served by one app. */
  sticky?: boolean;
  /** Statuses of concurrent requests: how many of each, between two numbers. */
  statuses?: Record<number, [number, number]>;
}

/** One request as an app saw it. */
export interface SeenRequest {
  server: AppName;
  atMs: number;
  method: string;
  path: string;
  authority: string;
  /** Lower-case names; repeated headers joined with `, `. */
  headers: Record<string, string>;
  body: string;
  aborted: boolean;
}

/** What really happened to one request. */
export interface Observation {
  status: number;
  headers: Record<string, string>;
  trailers: Record<string, string>;
  body: string;
  cut: boolean;
  durationMs: number;
  seen: SeenRequest[];
  /** Envoy response flags and details, from the record or access log; null when unknown. */
  flags: string | null;
  details: string | null;
}

/** Every way in which an observation is not what was expected; empty = it holds. */
export function check(expect: Expect, observation: Observation): string[] {
  const wrong: string[] = [];
  const last = observation.seen.at(-1);
  const equal = (what: string, wanted: unknown, actual: unknown): void => {
    if (wanted !== undefined && wanted !== actual)
      wrong.push(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`);
  };
  equal('status', expect.status, observation.status);
  equal('cut', expect.cut ?? false, observation.cut);
  checkText(wrong, 'body', expect.body, observation.body);
  checkHeaders(wrong, 'response', expect.headers, observation.headers);
  checkHeaders(wrong, 'trailer', expect.trailers, observation.trailers);
  const attempts = observation.seen.length;
  if (typeof expect.attempts === 'number') equal('attempts', expect.attempts, attempts);
  else if (expect.attempts && (attempts < expect.attempts[0] || attempts > expect.attempts[1]))
    wrong.push(`attempts are ${attempts}, not ${expect.attempts.join('…')}`);
  equal('server', expect.server, last?.server ?? (expect.server === undefined ? undefined : 'none'));
  if (expect.seen) {
    if (last === undefined) wrong.push('no app saw the request');
    else {
      equal('app saw method', expect.seen.method, last.method);
      equal('app saw body', expect.seen.body, last.body);
      checkText(wrong, 'app saw path', expect.seen.path, last.path);
      checkText(wrong, 'app saw authority', expect.seen.authority, last.authority);
      checkHeaders(wrong, 'app saw', expect.seen.headers, last.headers);
    }
  }
  if (observation.flags !== null) equal('flags', expect.flags, observation.flags);
  if (observation.details !== null) checkText(wrong, 'details', expect.details, observation.details);
  if (expect.minMs !== undefined && observation.durationMs < expect.minMs) wrong.push(`took only ${observation.durationMs} ms`);
  if (expect.maxMs !== undefined && observation.durationMs > expect.maxMs) wrong.push(`took ${observation.durationMs} ms`);
  return wrong;
}

/** What holds over all repeats of a case. */
export function checkAll(expect: Expect, observations: readonly Observation[]): string[] {
  const wrong: string[] = [];
  const servers = observations.map((o) => o.seen.at(-1)?.server);
  for (const [server, [from, to]] of Object.entries(expect.shares ?? {})) {
    const share = servers.filter((s) => s === server).length / observations.length;
    if (share < from || share > to) wrong.push(`share of ${server} is ${share}, not ${from}…${to}`);
  }
  if (expect.mirrored) {
    const [from, to] = expect.mirrored;
    const share = observations.filter((o) => o.seen.length > 1).length / observations.length;
    if (share < from || share > to) wrong.push(`share of mirrored requests is ${share}, not ${from}…${to}`);
  }
  if (expect.sticky && new Set(servers).size > 1) wrong.push(`served by ${[...new Set(servers)].join(', ')}`);
  for (const [status, [from, to]] of Object.entries(expect.statuses ?? {})) {
    const count = observations.filter((o) => o.status === Number(status)).length;
    if (count < from || count > to) wrong.push(`${count} × ${status}, not ${from}…${to}`);
  }
  return wrong;
}

function checkText(wrong: string[], what: string, wanted: Text | undefined, actual: string): void {
  if (wanted === undefined) return;
  const holds = typeof wanted === 'string' ? wanted === actual : wanted.test(actual);
  if (!holds)
    wrong.push(`${what} is ${JSON.stringify(actual)}, not ${typeof wanted === 'string' ? JSON.stringify(wanted) : wanted}`);
}

function checkHeaders(
  wrong: string[],
  what: string,
  wanted: Record<string, Text | null> | undefined,
  actual: Record<string, string>,
): void {
  for (const [name, value] of Object.entries(wanted ?? {})) {
    const has = Object.hasOwn(actual, name);
    if (value === null) {
      if (has) wrong.push(`${what} header ${name} is there: ${actual[name]}`);
    } else if (!has) wrong.push(`${what} header ${name} is absent`);
    else checkText(wrong, `${what} header ${name}`, value, actual[name]!);
  }
}

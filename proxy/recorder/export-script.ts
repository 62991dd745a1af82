import { isUtf8 } from 'node:buffer';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { quoteForShell } from '../api/shell-quote.ts';
import { headersToSend } from './replay.ts';
import { findRootCalls } from './replay-roots.ts';

/** One recorded call for a script: where it is sent, and what is sent. */
export interface ScriptCall {
  method: string;
  /** `http://host:port`, without a path. */
  base: string;
  /** With query. */
  path: string;
  /** With `host`. */
  headers: [string, string][];
  body: Buffer;
  /** The status recorded. */
  status: number;
  /** Milliseconds after the first call. */
  offsetMs: number;
}

export interface ScriptCalls {
  calls: ScriptCall[];
  /** What could not be carried over, one sentence each. */
  notes: string[];
}

/** The calls that a replay would send, oldest first. `entry` says where a call enters the mesh; null leaves the call out. */
export function scriptCalls(exchanges: readonly ExchangeDetail[], entry: (call: ExchangeDetail) => string | null): ScriptCalls {
  const roots = findRootCalls(exchanges);
  const first = roots[0] === undefined ? 0 : Date.parse(roots[0].time);
  const notes: string[] = [];
  const calls: ScriptCall[] = [];
  for (const root of roots) {
    const { body } = root.request;
    const name = `${root.method} ${root.path}`;
    const base = entry(root);
    if (base === null) notes.push(`${name}: ${root.source}, which sent it, is not in the mesh any more; say --url`);
    else if (root.protocol === 'WebSocket') notes.push(`${name}: a WebSocket is left out`);
    else if (body?.truncated) notes.push(`${name}: its body was cut off at ${body.capturedBytes} of ${body.bytes} bytes`);
    else if (root.protocol !== 'HTTP/1.1' && root.protocol !== 'HTTP/1.0' && root.request.headers.some(isGrpc))
      notes.push(`${name}: gRPC is left out`);
    else if (!isToken(root.method) || !/^\/[!-~]*$/.test(root.path)) notes.push(`${name}: no client can send this as it stands`);
    else {
      const all = headersToSend(root).filter(([header]) => !header.startsWith(':'));
      const headers = all.filter(([header, value]) => isToken(header) && !/[\0\r\n]/.test(value));
      if (headers.length < all.length) notes.push(`${name}: headers that no client can send are left out`);
      if (root.redacted.some((path) => path.startsWith('request.'))) notes.push(`${name}: secrets were redacted and are missing`);
      const bytes = body === null ? Buffer.alloc(0) : Buffer.from(body.content, body.encoding);
      calls.push({
        ...{ method: root.method, base, path: root.path, headers: [['host', root.authority], ...headers], body: bytes },
        ...{ status: root.status, offsetMs: Date.parse(root.time) - first },
      });
    }
  }
  return { calls, notes };
}

const isToken = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
const isGrpc = ([name, value]: [string, string]): boolean =>
  name.toLowerCase() === 'content-type' && value.startsWith('application/grpc');

/** A POSIX sh script, one curl per call, in recorded order. */
export function writeCurlScript(name: string, calls: readonly ScriptCall[]): string {
  const title = name.replace(/[\0-\x1f\x7f]/g, ' ');
  return `#!/bin/sh\n# ${title}: ${calls.length} calls\nset -u\n${calls.map(curlLine).join('\n')}\n`;
}

function curlLine(call: ScriptCall): string {
  const isText = isUtf8(call.body) && !call.body.includes(0) && call.body.length <= maxArgumentBytes;
  const command = ['curl', ...curlArguments(call, isText)].map(quoteForShell).join(' ');
  return isText ? command : `printf %s ${call.body.toString('base64')} | base64 -d | ${command}`;
}

/** Linux takes no argument of more than 128 KiB; printf is built into sh and has no such limit. */
const maxArgumentBytes = 100 * 1024;
/** What curl sends of itself: taken out where it was not recorded. */
const curlsOwn = ['user-agent', 'accept', 'expect'];

function curlArguments({ method, base, path, headers, body }: ScriptCall, isText: boolean): string[] {
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const removed = [...curlsOwn, ...(body.length > 0 ? ['content-type'] : [])].filter((name) => !given.has(name));
  const data = body.length === 0 ? [] : isText ? ['--data-raw', body.toString('utf8')] : ['--data-binary', '@-'];
  return [
    ...['-sS', '--globoff', '--path-as-is'],
    ...(given.has('accept-encoding') ? ['--compressed'] : []),
    ...(method === 'HEAD' && body.length === 0 ? ['--head'] : ['-X', method]),
    // `name;` is an empty value, `name:` takes the header out.
    ...headers.flatMap(([name, value]) => ['-H', value.trim() === '' ? `${name};` : `${name}: ${value}`]),
    ...removed.flatMap((name) => ['-H', `${name}:`]),
    ...data,
    `${base}${path}`,
  ];
}

/**
 * A k6 script (https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/constant-arrival-rate/): the calls in recorded order at their
 * recorded mean rate, open-loop; each answer's status is checked against the recorded one.
 */
export function writeK6Script(name: string, calls: readonly ScriptCall[]): string {
  const seconds = Math.max(1, Math.ceil((calls.at(-1)?.offsetMs ?? 0) / 1000));
  const data = calls.map(({ method, base, path, headers, body, status }) => ({
    ...{ method, base, path, headers: k6Headers(headers), status },
    ...(body.length === 0 ? {} : isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') }),
  }));
  return `// ${name.replace(/[\0-\x1f\x7f\u2028\u2029]/g, ' ')}: ${calls.length} calls in ${seconds} s. BASE_URL sends all of them elsewhere, RATE and DURATION change the load.
import { check } from 'k6';
import { b64decode } from 'k6/encoding';
import execution from 'k6/execution';
import http from 'k6/http';

const calls = [
${data.map((call) => `  ${literal(call)},`).join('\n')}
];

export const options = {
  scenarios: {
    recorded: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || ${calls.length}),
      timeUnit: ${seconds === 1 ? "'1s'" : `__ENV.RATE ? '1s' : '${seconds}s'`},
      duration: __ENV.DURATION || '${seconds}s',
      preAllocatedVUs: 50,
      maxVUs: 500,
    },
  },
  thresholds: { checks: ['rate>0.99'] },
};

export default function () {
  const call = calls[execution.scenario.iterationInTest % calls.length];
  const body = call.bodyBase64 === undefined ? call.body : b64decode(call.bodyBase64);
  const url = (__ENV.BASE_URL || call.base) + call.path;
  const response = http.request(call.method, url, body, { headers: call.headers, redirects: 0, tags: { name: call.path.split('?')[0] } });
  check(response, { 'status as recorded': ({ status }) => status === call.status });
}
`;
}

/** k6 takes one value per name. */
function k6Headers(headers: readonly [string, string][]): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = joined.get(key);
    joined.set(key, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`);
  }
  return Object.fromEntries(joined);
}

const literal = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u2028\u2029]/g, (character) => (character === '\u2028' ? '\\u2028' : '\\u2029'));

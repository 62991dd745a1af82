import { execFile, execFileSync } from 'node:child_process';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from './api/exchange.schema.ts';
import { toCurl } from './api/repeat/curl.ts';
import { toFetch } from './api/repeat/fetch.ts';
import { toHttpie } from './api/repeat/httpie.ts';
import { type Repeatable, toRepeatable } from './api/repeat/repeatable.ts';
import { makeExchange } from './api/test-exchange.ts';
import { listen } from './testing/listen.ts';

const has = (program: string) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

interface Sent {
  method: string;
  path: string;
  host: string;
  headers: [string, string][];
  body: Buffer;
}

const nasty = `it's "so" $HOME \`id\` \\ ! %s %n\n<<E\nüñ 漢`;
const bytes = Buffer.from(Array.from({ length: 700 }, (_none, n) => (n * 37) % 256));

/** What was sent, and what is said of it. */
const requests: Record<string, { path?: string; method?: string; headers?: [string, string][]; body?: Buffer }> = {
  'a plain one': {},
  'quotes, newlines and dollars in the body': { method: 'POST', body: Buffer.from(nasty) },
  'quotes in a header': { headers: [['x-a', `it's "so" $HOME \`id\` \\ !`]] },
  'an empty header, one given twice, and one that begins with =': {
    headers: [
      ['x-empty', ''],
      ['x-twice', 'one'],
      ['x-twice', 'two'],
      ['x-equal', '=1'],
      ['x-file', '@/etc/hostname'],
    ],
  },
  'globs and dots in the path': { path: `/a/../b/[1-3]{x,y}/./c?q='"&z=[]` },
  'a binary body': { method: 'PUT', body: bytes, headers: [['content-type', 'application/octet-stream']] },
  'a body longer than an argument may be': { method: 'POST', body: Buffer.from('0123456789'.repeat(20_000)) },
  'a body that begins with @': { method: 'PATCH', body: Buffer.from('@/etc/hostname') },
  'a DELETE without a body': { method: 'DELETE' },
  HEAD: { method: 'HEAD' },
};

function exchangeOf({ path = '/x?y=1', method = 'GET', headers = [], body }: (typeof requests)[string]): ExchangeDetail {
  const isText = body && Buffer.from(body.toString('utf8')).equals(body);
  const captured = body && {
    ...{ bytes: body.length, capturedBytes: body.length, truncated: false, contentType: '', contentEncoding: '' },
    encoding: isText ? ('utf8' as const) : ('base64' as const),
    content: body.toString(isText ? 'utf8' : 'base64'),
  };
  return {
    ...makeExchange({ method, path, authority: 'stock:9080', sourceWorkload: 'web-v1-0' }),
    ...{ timeline: [], decision: null, peer: { address: '', spiffeId: '' }, redacted: [] },
    request: { headers, body: captured ?? null, trailers: [] },
    response: { headers: [], body: null, trailers: [] },
  };
}

let server: http.Server;
let sent: Sent | null = null;
let entry = '';
beforeAll(async () => {
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const pairs = request.rawHeaders.flatMap((name, n, all) =>
        n % 2 === 0 ? [[name.toLowerCase(), all[n + 1] ?? ''] as [string, string]] : [],
      );
      const { method = '', url: path = '' } = request;
      sent = { method, path, host: request.headers.host ?? '', headers: pairs, body: Buffer.concat(chunks) };
      response.end('ok');
    });
  });
  // fetch asks its proxy for a tunnel: one to this server, whoever is asked for.
  server.on('connect', (_request, client: Duplex, head: Buffer) => {
    const tunnel = net.connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      tunnel.write(head);
      tunnel.pipe(client).pipe(tunnel);
    });
    tunnel.on('error', () => client.destroy());
    client.on('error', () => tunnel.destroy());
  });
  entry = `http://127.0.0.1:${await listen(server)}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function repeatable(exchange: ExchangeDetail): Repeatable {
  return toRepeatable(exchange, { ingress: '', workloads: [{ id: 'web-v1-0', outbound: entry }] } as never);
}

/** Runs the text with `program` as its input and compares what arrived with what was once sent. */
async function expectSame(exchange: ExchangeDetail, run: { program: string; args?: string[]; text: string }): Promise<void> {
  sent = null;
  const env = { ...process.env, HTTP_PROXY: entry, NODE_USE_ENV_PROXY: '1', NO_PROXY: '127.0.0.1' };
  await new Promise<void>((resolve, reject) => {
    const child = execFile(run.program, run.args ?? [], { timeout: 50_000, env }, (error) => (error ? reject(error) : resolve()));
    child.stdin?.end(run.text);
  });
  const arrived = sent as Sent | null;
  const { method, path, request } = exchange;
  expect([arrived?.method, arrived?.path, arrived?.host]).toEqual([method, path, 'stock:9080']);
  const wanted = request.body ? Buffer.from(request.body.content, request.body.encoding) : Buffer.alloc(0);
  expect(arrived?.body.equals(wanted)).toBe(true);
  const names = new Set(request.headers.map(([name]) => name));
  expect(arrived?.headers.filter(([name]) => names.has(name))).toEqual(request.headers);
  // Nothing is said of the body that the original did not say.
  if (!names.has('content-type')) expect(arrived?.headers.filter(([name]) => name === 'content-type')).toEqual([]);
}

describe.each(Object.entries(requests))('%s arrives as it was', (name, request) => {
  const exchange = exchangeOf(request);
  test.skipIf(!has('curl'))('with curl in a shell', () =>
    expectSame(exchange, { program: 'sh', text: toCurl(repeatable(exchange)) }),
  );

  // HTTPie writes brackets and quotes of a path in percent signs, whatever one asks.
  test.skipIf(!has('http') || /globs/.test(name))('with HTTPie in a shell', () =>
    expectSame(exchange, { program: 'sh', text: toHttpie(repeatable(exchange)) }),
  );

  // fetch makes a path simpler and joins headers of one name.
  test.skipIf(/globs|twice/.test(name))('with fetch in Node', () =>
    expectSame(exchange, { program: process.execPath, args: ['--input-type=module'], text: toFetch(repeatable(exchange)) }),
  );
});

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { quoteForShell } from '../api/shell-quote.ts';
import { makeBody, makeExchange, makeFolder } from '../store/fixtures.ts';
import { listen } from '../testing/listen.ts';
import { scriptCalls, writeCurlScript, writeK6Script } from './export-script.ts';

interface Received {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}
const received: Received[] = [];
let server: http.Server;
let base: string;
let folder: ReturnType<typeof makeFolder>;
beforeEach(async () => {
  folder = makeFolder();
  received.length = 0;
  server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks) });
      response.end('ok');
    });
  });
  base = `http://127.0.0.1:${await listen(server)}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  folder.remove();
});

const binary = Buffer.from([0, 255, 1, 39, 10, 0]);
function recorded(): ExchangeDetail[] {
  const request = (headers: [string, string][], body: ExchangeDetail['request']['body']) => ({ headers, body, trailers: [] });
  const bytes = { ...makeBody(''), bytes: 6, capturedBytes: 6, encoding: 'base64' as const, content: binary.toString('base64') };
  return [
    makeExchange(1, { path: "/a/../b?q[]={1}&it='s", request: request([['x-note', 'it\'s $HOME `id` "x" \\']], null) }),
    makeExchange(2, { method: 'POST', request: request([['content-type', 'text/plain']], makeBody("@/etc/passwd\n'$(id)'\n")) }),
    makeExchange(3, { method: 'PUT', request: request([['x-empty', '']], bytes) }),
    makeExchange(4, { method: 'HEAD' }),
  ];
}

test('whatever is quoted reaches a program of sh as it was', () => {
  const words = fc.array(
    fc.string({ unit: 'binary', maxLength: 40 }).filter((word) => !word.includes('\0') && !/\p{Surrogate}/u.test(word)),
    { minLength: 1, maxLength: 20 },
  );
  const nasty = ["'", "''", '"', '\\', "\\'", '$(id)', '`id`', '!!', '-n', '*', '~', '', '\n', '#', 'a b', '\t', '&&', 'é€😀'];
  const survive = (argv: string[]) => {
    const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${argv.map(quoteForShell).join(' ')}`]).toString('utf8');
    expect(printed).toBe(`${argv.join('\0')}\0`);
  };
  fc.assert(fc.property(words, survive), { numRuns: 60, seed: 7, examples: [[nasty]] });
});

describe('a recording as a script', () => {
  test('curl sends what was recorded: path, headers, text and bytes, and nothing of its own', async () => {
    const { calls, notes } = scriptCalls(recorded(), () => base);
    expect(notes).toEqual([]);
    const file = path.join(folder.path, 'calls.sh');
    writeFileSync(file, writeCurlScript('checkout\nrm -rf /', calls));
    await promisify(execFile)('sh', [file], { timeout: 20_000 });
    expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /a/../b?q[]={1}&it='s",
      ...['POST /ratings/2', 'PUT /ratings/3', 'HEAD /ratings/4'],
    ]);
    expect(received[0]!.headers).toEqual({ host: 'ratings:9080', 'x-note': 'it\'s $HOME `id` "x" \\' });
    expect(received[1]!.body.toString()).toBe("@/etc/passwd\n'$(id)'\n");
    expect(received[1]!.headers['content-type']).toBe('text/plain');
    expect(received[2]!.body).toEqual(binary);
    expect(received[2]!.headers).toEqual({ host: 'ratings:9080', 'x-empty': '', 'content-length': '6' });
  });

  test('what no client can send, and what is not all there, is left out and told', () => {
    const cut = { ...makeBody('abc'), bytes: 9, truncated: true };
    const { calls, notes } = scriptCalls(
      [
        makeExchange(1, { method: 'POST', request: { headers: [], body: cut, trailers: [] } }),
        makeExchange(2, { path: '/a b' }),
        makeExchange(3, { source: 'gone' }),
        makeExchange(4, { request: { headers: [['x-a', 'b\r\nx-c: d']], body: null, trailers: [] } }),
        makeExchange(5, { protocol: 'WebSocket', status: 101 }),
      ],
      ({ source }) => (source === 'gone' ? null : base),
    );
    expect(calls.map(({ path, headers }) => [path, headers])).toEqual([['/ratings/4', [['host', 'ratings:9080']]]]);
    expect(notes).toEqual([
      'POST /ratings/1: its body was cut off at 3 of 9 bytes',
      'GET /a b: no client can send this as it stands',
      'GET /ratings/3: gone, which sent it, is not in the mesh any more; say --url',
      'GET /ratings/4: headers that no client can send are left out',
      'GET /ratings/5: a WebSocket is left out',
    ]);
  });

  test('k6 sends the calls in order, open-loop, and checks the recorded status', async () => {
    const { calls } = scriptCalls(recorded(), () => base);
    const k6 = path.join(folder.path, 'node_modules', 'k6');
    mkdirSync(k6, { recursive: true });
    // k6 is no Node module: its four modules, as far as the script uses them, hand the calls back.
    const modules = {
      'package.json': '{"name":"k6","type":"module","exports":{".":"./k6.js","./*":"./*.js"}}',
      'k6.js': 'export const check = (response, checks) => { response.checked = Object.values(checks)[0](response); };',
      'encoding.js': 'export const b64decode = (text) => Buffer.from(text, "base64");',
      'execution.js': 'export default { scenario: { get iterationInTest() { return globalThis.k6Calls.length; } } };',
      'http.js':
        'export default { request: (method, url, body, params) => { const sent = { method, url, body, params, status: 200 }; globalThis.k6Calls.push(sent); return sent; } };',
    };
    for (const [name, text] of Object.entries(modules)) writeFileSync(path.join(k6, name), text);
    const script = path.join(folder.path, 'calls.mjs');
    writeFileSync(script, writeK6Script('one\u2028two', calls));
    const run = `globalThis.__ENV = {}; globalThis.k6Calls = []; const m = await import(${JSON.stringify(pathToFileURL(script).href)});
      for (let i = 0; i < 5; i++) m.default(); console.log(JSON.stringify([m.options, k6Calls]))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', run]);
    const [options, sent] = JSON.parse(stdout);
    expect(options.scenarios.recorded).toMatchObject({ executor: 'constant-arrival-rate', rate: 4, timeUnit: '1s' });
    expect(sent.map((one: Received & { checked: boolean }) => [one.method, one.url, one.checked])).toEqual([
      ['GET', `${base}/a/../b?q[]={1}&it='s`, true],
      ...['POST', 'PUT', 'HEAD'].map((method, i) => [method, `${base}/ratings/${i + 2}`, true]),
      ['GET', `${base}/a/../b?q[]={1}&it='s`, true],
    ]);
    expect(sent[1].params.headers).toEqual({ host: 'ratings:9080', 'content-type': 'text/plain' });
    expect(Buffer.from(sent[2].body.data)).toEqual(binary);
  });
});

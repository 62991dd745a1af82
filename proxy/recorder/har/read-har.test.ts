import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOf, harOf, ImportBench, makeZip } from './test-kit.ts';

let bench: ImportBench;
beforeEach(async () => {
  bench = await ImportBench.open();
});
afterEach(() => bench.close());

describe('a HAR of', () => {
  test('Chrome: WebSocket frames, forms in fields, HTTP/2 by its short name, blocked requests', async () => {
    const { exchanges, notes } = await bench.imported(
      harOf(
        [
          {
            ...{
              startedDateTime: '2026-03-01T10:00:00.000+01:00',
              time: 40.2,
              _initiator: { type: 'script' },
              _priority: 'High',
              serverIPAddress: '[::1]',
            },
            request: {
              ...{ method: 'POST', url: 'https://shop.example:8443/login?next=%2F', httpVersion: 'h2', bodySize: 11 },
              headers: [
                { name: ':authority', value: 'shop.example' },
                { name: 'Accept', value: '*/*' },
              ],
              postData: {
                mimeType: 'application/x-www-form-urlencoded',
                params: [
                  { name: 'user', value: 'k m' },
                  { name: 'n', value: '1' },
                ],
              },
            },
            response: {
              ...{ status: 200, httpVersion: 'h2', bodySize: -1, _transferSize: 120 },
              headers: [{ name: 'content-encoding', value: 'br' }],
              content: { size: 5, mimeType: 'text/plain', text: 'aGVsbG8=', encoding: 'base64' },
            },
          },
          {
            ...{ startedDateTime: '2026-03-01T10:00:01.000Z', time: 9, _resourceType: 'websocket' },
            request: { method: 'GET', url: 'wss://shop.example/live', httpVersion: 'http/1.1', headers: [] },
            response: { status: 101, headers: [], content: { size: 0, mimeType: 'x-unknown' } },
            _webSocketMessages: [
              { type: 'send', time: 1772359201.5, opcode: 1, data: 'hi' },
              { type: 'receive', time: 1772359202, opcode: 2, data: '/wA=' },
            ],
          },
          {
            ...{ startedDateTime: '2026-03-01T10:00:02.000Z', time: 0 },
            request: { method: 'GET', url: 'http://blocked.example/', headers: [] },
            response: { status: 0, headers: [], content: { size: 0 }, _error: 'net::ERR_BLOCKED_BY_CLIENT' },
          },
          { request: { method: 'GET', url: 'data:text/plain,hi' } },
        ],
        'WebInspector',
      ),
    );
    expect(exchanges.map(({ path, protocol, status, destination }) => [path, protocol, status, destination])).toEqual([
      ['/login?next=%2F', 'HTTP/2', 200, 'shop'],
      ['/live', 'WebSocket', 101, 'shop'],
      ['/', 'HTTP/1.1', 0, 'blocked'],
    ]);
    expect(exchanges[0]).toMatchObject({
      ...{ time: '2026-03-01T09:00:00.000Z', durationMs: 40.2, endpoint: '[::1]:8443', authority: 'shop.example:8443' },
      request: { headers: [['accept', '*/*']], body: { content: 'user=k+m&n=1' } },
      response: { headers: [], body: { content: 'hello', encoding: 'utf8' } },
    });
    expect(exchanges[1]!.messages?.items).toMatchObject([
      { dir: 'up', kind: 'text', content: 'hi', offsetMs: expect.closeTo(500, 0) },
      { dir: 'down', kind: 'binary', content: '/wA=', bytes: 2, encoding: 'base64' },
    ]);
    expect(notes).toEqual([
      'entry 1 request.postData: has fields and no text: the body is put together from them',
      'entry 3 response: has no status (net::ERR_BLOCKED_BY_CLIENT): it is taken as a call without an answer',
      'entry 4 request.url: data: is not HTTP; the entry is left out',
    ]);
  });

  test('Firefox: bodies that are not in the file are told, times come from the timings', async () => {
    const { exchanges, notes } = await bench.imported(
      harOf([
        {
          startedDateTime: '2026-03-01T10:00:00.000+00:00',
          timings: { blocked: 2, dns: -1, connect: 5, ssl: 4, send: 0, wait: 10, receive: 3 },
          request: {
            method: 'GET',
            url: 'http://127.0.0.1:8080/a',
            httpVersion: 'HTTP/1.1',
            headers: [{ name: 'Host', value: 'x' }],
            headersSize: 300,
          },
          response: {
            status: 200,
            headers: [{ name: 'Content-Length', value: '900' }],
            content: { mimeType: 'text/html', size: 900, comment: 'truncated' },
          },
        },
      ]),
    );
    expect(exchanges[0]).toMatchObject({
      durationMs: 20,
      destination: '127.0.0.1',
      response: { body: null, headers: [['content-length', '900']] },
    });
    expect(notes).toEqual(['entry 1 response.content: says 900 bytes and has no text: the body is missing']);
  });

  test('mitmproxy: the compressed length in content.size', async () => {
    const { exchanges, notes } = await bench.imported(
      harOf([
        {
          ...{ startedDateTime: '2026-03-01T10:00:00Z', time: 3 },
          request: { method: 'GET', url: 'http://a.example/', httpVersion: 'HTTP/2.0', headers: [] },
          response: {
            status: 200,
            bodySize: 3,
            headers: [['Content-Encoding', 'gzip']],
            content: { size: 3, compression: 2, mimeType: '', text: 'hello' },
          },
        },
      ]),
    );
    expect(exchanges[0]).toMatchObject({
      protocol: 'HTTP/2',
      responseBytes: 3,
      response: { headers: [], body: { bytes: 5, content: 'hello' } },
    });
    expect(notes).toEqual(['entry 1 response.content.size: is the compressed length 3; the text has 5 bytes']);
  });

  test('Playwright: bodies beside it, in a ZIP with it or missing', async () => {
    const har = harOf([
      {
        ...{ startedDateTime: '2026-03-01T10:00:00Z', time: 3 },
        request: { method: 'POST', url: 'http://a.example/', headers: [], postData: { mimeType: 'text/plain', _file: 'p1.txt' } },
        response: { status: 200, headers: [], content: { size: 2, mimeType: 'image/png', _file: 'ab12.png' } },
      },
    ]);
    const { notes } = await bench.imported(har);
    expect(notes).toEqual([
      'entry 1 request.postData: is in the file p1.txt, which did not come along: the body is missing',
      'entry 1 response.content: is in the file ab12.png, which did not come along: the body is missing',
    ]);
    const zipped = makeZip([
      { name: 'har.har', content: Buffer.from(JSON.stringify(har)), deflate: true },
      { name: 'ab12.png', content: Buffer.from([255, 0]), deflate: false },
      { name: 'p1.txt', content: Buffer.from('typed'), deflate: true },
    ]);
    const result = await bench.importer.importFile(fileOf(zipped), 'zipped');
    expect(result).toMatchObject({ ok: true, value: { name: 'zipped', exchanges: 1, notes: [] } });
    const [exchange] = (await bench.recorder.exchanges('zipped', {}))!.exchanges;
    expect(exchange).toMatchObject({
      request: { body: { content: 'typed' } },
      response: { body: { content: '/wA=', encoding: 'base64' } },
    });
    expect(await bench.importer.importFile(fileOf(zipped.subarray(0, 200)))).toMatchObject({ ok: false, code: 'invalid' });
    expect(await bench.importer.importFile(fileOf(makeZip([])))).toMatchObject({
      ok: false,
      message: 'The ZIP has 0 .har files: one is expected',
    });
  });

  test('anyone: pairs for headers, numbers for values, no order, no answers, no times; redacted, and all of it told', async () => {
    const { recording, exchanges, notes } = await bench.imported(
      harOf(
        [
          {
            startedDateTime: '2026-01-01T00:00:02Z',
            request: {
              method: 'get',
              url: 'http://shop.example/b',
              headers: [
                ['X-A', '1'],
                ['X-B', 2],
              ],
            },
            response: { status: 200, headers: { 'X-C': '3' } },
          },
          {
            ...{ startedDateTime: '2026-01-01T00:00:01Z', time: 3 },
            request: {
              method: 'POST',
              url: 'https://shop.example/a',
              httpVersion: 'http/2.0',
              headers: [{ name: ':authority', value: 'x' }],
            },
            response: {
              status: 201,
              headers: [
                { name: 'Content-Encoding', value: 'gzip' },
                { name: 'Set-Cookie', value: 'sid=C4n4ry' },
              ],
              content: { text: '{"token":"C4n4ry"}', mimeType: 'application/json' },
            },
          },
          { request: { url: 'not a url' } },
          null,
          {
            startedDateTime: 'x',
            request: { method: 'GET', url: 'http://shop.example/0' },
            _drydock: { id: 'x', request: {}, time: 5 },
          },
        ],
        'other',
      ),
    );
    expect(recording).toMatchObject({ name: 'imported from other', exchanges: 3, dropped: 2 });
    expect(exchanges.map((x) => x.path)).toEqual(['/0', '/a', '/b']);
    expect(exchanges[1]).toMatchObject({ method: 'POST', status: 201, destination: 'shop', protocol: 'HTTP/2' });
    expect(exchanges[2]).toMatchObject({
      method: 'GET',
      request: {
        headers: [
          ['x-a', '1'],
          ['x-b', '2'],
        ],
      },
      response: { headers: [['x-c', '3']] },
    });
    expect(exchanges[1]!.response.headers.map(([name]) => name)).toEqual(['set-cookie']);
    expect(JSON.stringify(exchanges)).not.toContain('C4n4ry');
    expect(notes.map((note) => note.split(':')[0])).toEqual([
      'entry 3 request.url',
      'entry 4 ',
      'entry 5 response',
      'entry 5 startedDateTime',
      ' log.entries',
    ]);
    for (const wrong of [null, 7, {}, { log: 1 }, { log: { entries: {} } }]) {
      expect(await bench.importer.importDocument(wrong)).toMatchObject({ ok: false, code: 'invalid' });
    }
    expect(await bench.importer.importFile(fileOf('no json'))).toMatchObject({ ok: false, code: 'invalid' });
    expect(await bench.importer.importFile(fileOf(`\uFEFF${JSON.stringify(harOf([]))}`))).toMatchObject({ ok: true });
  });
});

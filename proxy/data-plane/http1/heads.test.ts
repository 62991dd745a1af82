import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../header-map.ts';
import { checkPartialHead } from './fields.ts';
import { isHttp1Error } from './http1-error.ts';
import { defaultHttp1Limits as limits } from './limits.ts';
import { parseRequestHead, type RequestHead } from './request-head.ts';
import { parseResponseHead, responseFraming } from './response-head.ts';
import { writeFields } from './write-head.ts';

/** A request head from its lines. */
function head(...lines: string[]): string {
  return lines.join('\r\n');
}
function accept(...lines: string[]): RequestHead {
  const parsed = parseRequestHead(head(...lines), limits);
  if (isHttp1Error(parsed)) throw new Error(`refused: ${parsed.detail}`);
  return parsed;
}
const get = 'GET / HTTP/1.1';
const post = 'POST / HTTP/1.1';
const host = 'Host: a';

const refusedRequests: [string, number, string[]][] = [
  ['1 Content-Length with Transfer-Encoding', 400, [post, host, 'Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['2 two different Content-Lengths', 400, [post, host, 'Content-Length: 5', 'Content-Length: 6']],
  ['3 repeated Content-Length', 400, [post, host, 'Content-Length: 5', 'Content-Length: 5']],
  ['3 Content-Length list', 400, [post, host, 'Content-Length: 5, 5']],
  ['4 signed Content-Length', 400, [post, host, 'Content-Length: +5']],
  ['4 hexadecimal Content-Length', 400, [post, host, 'Content-Length: 0x5']],
  ['4 negative Content-Length', 400, [post, host, 'Content-Length: -1']],
  ['4 empty Content-Length', 400, [post, host, 'Content-Length:']],
  ['4 Content-Length of 2^64', 400, [post, host, 'Content-Length: 18446744073709551616']],
  ['4 Content-Length with inner space', 400, [post, host, 'Content-Length: 1 0']],
  ['5 space before colon', 400, [post, host, 'Content-Length : 5']],
  ['5 TAB before colon', 400, [post, host, 'X\t: 5']],
  ['6 xchunked', 400, [post, host, 'Transfer-Encoding: xchunked']],
  ['6 chunked not last', 400, [post, host, 'Transfer-Encoding: chunked, gzip']],
  ['6 chunked twice', 400, [post, host, 'Transfer-Encoding: chunked, chunked']],
  ['6 two Transfer-Encodings', 400, [post, host, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
  ['6 VT before chunked', 400, [post, host, 'Transfer-Encoding: \x0bchunked']],
  ['6 empty Transfer-Encoding', 400, [post, host, 'Transfer-Encoding:']],
  ['7 comma before chunked', 400, [post, host, 'Transfer-Encoding: ,chunked']],
  ['8 gzip, chunked', 501, [post, host, 'Transfer-Encoding: gzip, chunked']],
  ['9 Transfer-Encoding in HTTP/1.0', 400, ['POST / HTTP/1.0', host, 'Transfer-Encoding: chunked']],
  ['15 bare LF', 400, [`${get}\r\n${host}\nX: y`]],
  ['15 bare CR', 400, [get, host, 'X: a\rb']],
  ['15 obs-fold', 400, [get, host, 'X: a', ' folded']],
  ['16 NUL in a value', 400, [get, host, 'X: a\0b']],
  ['16 control byte in a name', 400, [get, host, 'X\x01: b']],
  ['16 DEL in a value', 400, [get, host, 'X: \x7f']],
  ['17 empty name', 400, [get, host, ': x']],
  ['17 no colon', 400, [get, host, 'nonsense']],
  ['17 leading space before the first header', 400, [get, ` ${host}`]],
  ['17 leading space in the request line', 400, [` ${get}`, host]],
  ['18 CR CR LF', 400, [get, `${host}\r`, '']],
  ['19 no Host', 400, [get]],
  ['19 two Hosts', 400, [get, host, 'Host: b']],
  ['19 Host with space', 400, [get, 'Host: a b']],
  ['19 Host with userinfo', 400, [get, 'Host: x@a']],
  ['19 Host with slash', 400, [get, 'Host: a/b']],
  ['19 Host with list', 400, [get, 'Host: a:80:80']],
  ['19 empty Host', 400, [get, 'Host:']],
  ['21 GET *', 400, ['GET * HTTP/1.1', host]],
  ['21 fragment', 400, ['GET /#frag HTTP/1.1', host]],
  ['21 relative path', 400, ['GET index.html HTTP/1.1', host]],
  ['21 absolute-form with userinfo', 400, ['GET http://u:p@a/ HTTP/1.1', host]],
  ['21 absolute-form without host', 400, ['GET http:///x HTTP/1.1', host]],
  ['21 other scheme', 400, ['GET ftp://a/ HTTP/1.1', host]],
  ['21 CONNECT without port', 400, ['CONNECT a HTTP/1.1', host]],
  ['22 version 0.9', 400, ['GET /', host]],
  ['22 version 1.2', 505, ['GET / HTTP/1.2', host]],
  ['22 version 2.0', 505, ['GET / HTTP/2.0', host]],
  ['22 lower-case version', 400, ['GET / http/1.1', host]],
  ['22 two spaces', 400, ['GET  / HTTP/1.1', host]],
  ['22 space in the target', 400, ['GET /a b HTTP/1.1', host]],
  ['23 more than 200 headers', 431, [get, host, ...Array.from({ length: 200 }, (_, i) => `x${i}: 1`)]],
  ['24 target over 8 KiB', 414, [`GET /${'a'.repeat(8200)} HTTP/1.1`, host]],
  ['26 content_length', 400, [post, host, 'content_length: 5']],
  ['29 malformed Expect', 417, [post, host, 'Content-Length: 5', 'Expect: 100-continue-please']],
  ['31 unknown method', 400, ['FROB / HTTP/1.1', host]],
  ['31 lower-case method', 400, ['get / HTTP/1.1', host]],
];

describe('a request that must be refused', () => {
  it.each(refusedRequests)('%s → %i', (_, status, lines) => {
    const parsed = parseRequestHead(head(...lines), limits);
    expect(isHttp1Error(parsed) ? parsed.status : 'accepted').toBe(status);
  });

  it('15/18 a bare LF or CR is refused before the head is complete', () => {
    expect(checkPartialHead('GET / HTTP/1.1\nHost: a\n\n')?.status).toBe(400);
    expect(checkPartialHead('GET / HTTP/1.1\r\nHost: a\r\n\rX')?.status).toBe(400);
    expect(checkPartialHead('GET / HTTP/1.1\r\nHost: a\r')).toBeNull();
  });
});

describe('a request that must be understood', () => {
  it('20 routes an absolute-form target by the target, not by Host', () => {
    const parsed = accept('GET http://target:81/x?y HTTP/1.1', 'Host: other');
    expect([parsed.authority, parsed.path, parsed.scheme]).toEqual(['target:81', '/x?y', 'http']);
    expect(accept('GET http://target?q HTTP/1.1', host).path).toBe('?q');
    expect(accept('OPTIONS http://target HTTP/1.1', host).path).toBe('/');
  });

  it('20 keeps raw authorities with port and IPv6', () => {
    expect(accept(get, 'Host: [::1]:80').authority).toBe('[::1]:80');
    expect(accept(get, 'Host: Ratings:9080').authority).toBe('Ratings:9080');
  });

  it('21 takes OPTIONS * and CONNECT host:port', () => {
    expect(accept('OPTIONS * HTTP/1.1', host).path).toBe('*');
    expect(accept('CONNECT ratings:9080 HTTP/1.1', 'Host: ratings:9080').authority).toBe('ratings:9080');
  });

  it('25 treats __proto__ and constructor as plain data', () => {
    const { headers } = accept(get, host, '__proto__: a', 'constructor: b');
    expect(headers.list).toEqual(['__proto__', 'a', 'constructor', 'b']);
  });

  it('27 ignores a nomination of Content-Length and Host, honours one of a custom header', () => {
    const { headers, framing, authority } = accept(
      post,
      host,
      'Content-Length: 3',
      'X-Private: 1',
      'X-Forwarded-For: 1.1.1.1',
      'Connection: Content-Length, Host, X-Private, X-Forwarded-For',
    );
    expect(framing).toEqual({ kind: 'length', length: 3 });
    expect(authority).toBe('a');
    expect(headers.toPairs()).toEqual([
      ['content-length', '3'],
      ['x-forwarded-for', '1.1.1.1'],
    ]);
  });

  it('36 keeps the framing of a GET with a body', () => {
    expect(accept(get, host, 'Transfer-Encoding: Chunked').framing).toEqual({ kind: 'chunked' });
    expect(accept(get, host, 'Content-Length: 7').framing).toEqual({ kind: 'length', length: 7 });
  });

  it('37 strips Upgrade: h2c', () => {
    const parsed = accept(get, host, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk', 'Connection: Upgrade, HTTP2-Settings');
    expect(parsed.upgrade).toBe('');
    expect(parsed.headers.list).toEqual([]);
  });

  it('takes an Upgrade only when Connection says so and no body follows', () => {
    expect(accept(get, host, 'Upgrade: WebSocket', 'Connection: keep-alive, Upgrade').upgrade).toBe('websocket');
    expect(accept(get, host, 'Upgrade: websocket').upgrade).toBe('');
    expect(accept(post, host, 'Upgrade: websocket', 'Connection: upgrade', 'Content-Length: 1').upgrade).toBe('');
  });

  it('removes hop-by-hop headers and keeps only trailers of TE', () => {
    const parsed = accept(get, host, 'Keep-Alive: 5', 'Proxy-Connection: close', 'TE: gzip, trailers', 'Connection: close, TE');
    expect(parsed.headers.list).toEqual(['te', 'trailers']);
    expect(parsed.close).toBe(true);
  });

  it('round trips: what is written from a parsed head parses to the same', () => {
    const name = fc.stringMatching(/^x-[a-z0-9-]{1,12}$/);
    const value = fc.stringMatching(/^(?:[!-~]([ -~]{0,20}[!-~])?)?$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
        const text = writeFields(HeaderMap.from(pairs), false);
        const parsed = accept(`${get}\r\n${host}${text === '' ? '' : `\r\n${text.slice(0, -2)}`}`);
        expect(parsed.headers.toPairs()).toEqual(pairs);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (tail) => {
        parseRequestHead(`${get}\r\n${host}\r\n${tail}`, limits);
        parseRequestHead(tail, limits);
        parseResponseHead(`HTTP/1.1 200 OK\r\n${tail}`, limits);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('header values of our own config', () => {
  it('cannot inject lines, and travel as UTF-8', () => {
    expect(writeFields(HeaderMap.from([['x', 'a\r\nb: c']]), false)).toBe('x: a  b: c\r\n');
    expect(Buffer.from(writeFields(HeaderMap.from([['x', '€']]), false), 'latin1').toString('utf8')).toBe('x: €\r\n');
  });
});

describe('a response that must be refused', () => {
  const ok = 'HTTP/1.1 200 OK';
  it.each<[string, string[]]>([
    ['42 Content-Length with Transfer-Encoding', [ok, 'Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['42 bare LF', [`${ok}\nX: y`]],
    ['42 NUL', [ok, 'X: a\0']],
    ['42 space before colon', [ok, 'Content-Length : 5']],
    ['42 two Content-Lengths', [ok, 'Content-Length: 5', 'Content-Length: 6']],
    ['47 status 099', ['HTTP/1.1 099 X']],
    ['47 status 1000', ['HTTP/1.1 1000 X']],
    ['47 status with sign', ['HTTP/1.1 +20 X']],
    ['48 gzip until close', [ok, 'Transfer-Encoding: gzip']],
    ['48 gzip, chunked', [ok, 'Transfer-Encoding: gzip, chunked']],
    ['48 chunked in HTTP/1.0', ['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked']],
    ['HTTP/2.0', ['HTTP/2.0 200 OK']],
    ['not HTTP', ['SSH-2.0-OpenSSH_9.2']],
  ])('%s', (_, lines) => {
    const parsed = parseResponseHead(head(...lines), limits);
    const refused = isHttp1Error(parsed) ? parsed : responseFraming(parsed, 'GET');
    expect('detail' in refused).toBe(true);
  });

  it('44 HEAD, 204 and 304 have no body whatever they announce', () => {
    for (const [status, method] of [
      [204, 'GET'],
      [304, 'GET'],
      [200, 'HEAD'],
    ] as const) {
      const parsed = parseResponseHead(head(`HTTP/1.1 ${status} X`, 'Content-Length: 5'), limits);
      if (isHttp1Error(parsed)) throw new Error(parsed.detail);
      expect(responseFraming(parsed, method)).toEqual({ kind: 'none' });
    }
  });
});

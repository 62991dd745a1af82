/** Bad requests as bytes (hardening 1–37). `$H` is the host the listener serves; every one must be refused and nothing forwarded. */
export interface BadRequest {
  row: number;
  name: string;
  bytes: string;
  /** Any of these statuses; the connection closes after it. 0 = closed without an answer. */
  statuses: number[];
}

const get = (lines: string, path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: $H\r\n${lines}\r\n`;
const post = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: $H\r\n${lines}\r\n${body}`;
const chunked = (body: string, more = ''): string => post(`Transfer-Encoding: chunked\r\n${more}`, body);

const row = (number: number, statuses: number[], cases: [string, string][]): BadRequest[] =>
  cases.map(([name, bytes]) => ({ row: number, name, bytes, statuses }));

export const badRequests: readonly BadRequest[] = [
  ...row(1, [400], [['Content-Length and Transfer-Encoding', chunked('0\r\n\r\n', 'Content-Length: 5\r\n')]]),
  ...row(2, [400], [['two different Content-Lengths', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!')]]),
  ...row(
    3,
    [400],
    [
      ['a repeated Content-Length', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
      ['a list of lengths', post('Content-Length: 5, 5\r\n', 'hello')],
    ],
  ),
  ...row(
    4,
    [400],
    ['+5', '0x5', '-1', '', '18446744073709551616', '5 5', '5.0', '٥'].map((v): [string, string] => [
      `Content-Length ${v || 'empty'}`,
      post(`Content-Length: ${v}\r\n`, 'hello'),
    ]),
  ),
  ...row(
    5,
    [400],
    [
      ['a space before the colon', get('X-A : 1\r\n')],
      ['a tab before the colon', get('X-A\t: 1\r\n')],
      ['Content-Length with a space before the colon', post('Content-Length : 5\r\n', 'hello')],
    ],
  ),
  ...row(
    6,
    [400, 501],
    [
      ['xchunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
      ['chunked not last', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n')],
      ['VT before chunked', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
      ['chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
      ['two fields', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n')],
      ['identity', post('Transfer-Encoding: identity\r\n', '')],
      ['quoted', post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n')],
    ],
  ),
  ...row(7, [400], [[',chunked', post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n')]]),
  ...row(8, [501], [['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')]]),
  ...row(9, [400, 426], [['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: $H\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n']]),
  ...row(
    10,
    [400],
    [
      ['chunk size 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n')],
      ['chunk size +', chunked('+5\r\nhello\r\n0\r\n\r\n')],
      ['chunk size empty', chunked('\r\nhello\r\n0\r\n\r\n')],
      ['17 hex digits', chunked('00000000000000005\r\nhello\r\n0\r\n\r\n')],
      ['a huge size', chunked('ffffffffffffffffff\r\nhello')],
      ['a space before the size', chunked(' 5\r\nhello\r\n0\r\n\r\n')],
      ['a minus', chunked('-1\r\nhello\r\n0\r\n\r\n')],
    ],
  ),
  ...row(
    11,
    [400],
    [
      ['bare LF after the chunk size', chunked('5\nhello\r\n0\r\n\r\n')],
      ['bare LF in an extension', chunked('5;a\nb\r\nhello\r\n0\r\n\r\n')],
      ['bare CR in an extension', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n')],
      ['bare LF after the data', chunked('5\r\nhello\n0\r\n\r\n')],
    ],
  ),
  ...row(12, [400, 431], [['a 64 KiB chunk extension', chunked(`5;${'x'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`)]]),
  ...row(13, [400], [['data longer than its chunk', chunked('5\r\nhello!!\r\n0\r\n\r\n')]]),
  ...row(
    14,
    [400],
    [
      ['Content-Length in trailers', chunked('5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n')],
      ['Host in trailers', chunked('5\r\nhello\r\n0\r\nHost: evil\r\n\r\n')],
      ['Transfer-Encoding in trailers', chunked('5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n')],
    ],
  ),
  ...row(
    15,
    [400],
    [
      ['bare LF line ends', 'GET / HTTP/1.1\nHost: $H\n\n'],
      ['bare LF in a header line', get('X-A: 1\nX-B: 2\r\n')],
      ['bare CR in a value', get('X-A: 1\rX-B: 2\r\n')],
      ['obs-fold', get('X-A: 1\r\n 2\r\n')],
      ['obs-fold with a tab', get('X-A: 1\r\n\t2\r\n')],
    ],
  ),
  ...row(
    16,
    [400],
    [
      ['NUL in a value', get('X-A: a\0b\r\n')],
      ['NUL in a name', get('X\0A: b\r\n')],
      ['a control byte in a value', get('X-A: a\x01b\r\n')],
      ['DEL in a value', get('X-A: a\x7fb\r\n')],
      ['a control byte in a name', get('X\x02A: b\r\n')],
      ['a high byte in a name', get('X\xe9A: b\r\n')],
    ],
  ),
  ...row(
    17,
    [400],
    [
      ['an empty name', get(': 1\r\n')],
      ['no colon', get('nocolon\r\n')],
      ['a leading space', 'GET / HTTP/1.1\r\n X-A: 1\r\nHost: $H\r\n\r\n'],
      ['a name with a slash', get('X/A: 1\r\n')],
      ['a name in parentheses', get('X(A): 1\r\n')],
    ],
  ),
  ...row(18, [400], [['\\r\\n\\rX ends the head', 'GET / HTTP/1.1\r\nHost: $H\r\n\rX']]),
  ...row(
    19,
    [400],
    [
      ['no Host', 'GET / HTTP/1.1\r\nX-A: 1\r\n\r\n'],
      ['two Hosts', 'GET / HTTP/1.1\r\nHost: $H\r\nHost: evil\r\n\r\n'],
      ['two equal Hosts', 'GET / HTTP/1.1\r\nHost: $H\r\nHost: $H\r\n\r\n'],
      ['an empty Host', 'GET / HTTP/1.1\r\nHost: \r\n\r\n'],
      ['Host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
      ['Host with @', 'GET / HTTP/1.1\r\nHost: a@$H\r\n\r\n'],
      ['Host with /', 'GET / HTTP/1.1\r\nHost: $H/x\r\n\r\n'],
    ],
  ),
  ...row(
    21,
    [400, 405],
    [
      ['GET *', 'GET * HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['a fragment', get('', '/a#b')],
      ['no slash', get('', 'a')],
      ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['a tab in the target', 'GET /a\tb HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['NUL in the target', 'GET /a\0b HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['an unknown scheme', 'GET ftp://$H/ HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['user information', 'GET http://u:p@$H/ HTTP/1.1\r\nHost: $H\r\n\r\n'],
    ],
  ),
  ...row(
    22,
    [400, 505, 426],
    [
      ['0.9', 'GET /\r\n\r\n'],
      ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: $H\r\n\r\n'],
      ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: $H\r\n\r\n'],
      ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: $H\r\n\r\n'],
      ['http/1.1', 'GET / http/1.1\r\nHost: $H\r\n\r\n'],
      ['HTTP/1.10', 'GET / HTTP/1.10\r\nHost: $H\r\n\r\n'],
      ['HTTP/01.1', 'GET / HTTP/01.1\r\nHost: $H\r\n\r\n'],
    ],
  ),
  ...row(
    23,
    [431],
    [
      ['over 16 KiB of headers', get(`X-A: ${'x'.repeat(17_000)}\r\n`)],
      ['201 headers', get(Array.from({ length: 201 }, (_, n) => `X-${n}: 1\r\n`).join(''))],
    ],
  ),
  ...row(24, [414], [['a URL over 8 KiB', get('', `/${'x'.repeat(8_200)}`)]]),
  ...row(26, [400], [['content_length', post('Content_Length: 5\r\n', 'hello')]]),
  ...row(29, [417], [['a malformed Expect', post('Expect: 200-ok\r\nContent-Length: 5\r\n', 'hello')]]),
  ...row(
    31,
    [400],
    [
      ['a method in lower case', 'get / HTTP/1.1\r\nHost: $H\r\n\r\n'],
      ['a method with a slash', 'G/T / HTTP/1.1\r\nHost: $H\r\n\r\n'],
    ],
  ),
];

/** Odd but proper: forwarded. */
export const oddRequests: readonly { row: number; name: string; bytes: string; status: number }[] = [
  { row: 20, name: 'absolute-form', bytes: 'GET http://$H/abs HTTP/1.1\r\nHost: other\r\n\r\n', status: 200 },
  {
    row: 25,
    name: '__proto__ and constructor',
    bytes: get('__proto__: 1\r\nconstructor: 2\r\n', '/__proto__?constructor=1'),
    status: 200,
  },
  { row: 25, name: 'constructor', bytes: get('constructor: 2\r\n'), status: 200 },
  {
    row: 27,
    name: 'Connection nominates Host and Content-Length',
    bytes: post('Connection: Content-Length, Host\r\nContent-Length: 5\r\n', 'hello'),
    status: 200,
  },
  { row: 36, name: 'GET with a body', bytes: `GET / HTTP/1.1\r\nHost: $H\r\nContent-Length: 5\r\n\r\nhello`, status: 200 },
  {
    row: 37,
    name: 'Upgrade: h2c',
    bytes: get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n'),
    status: 200,
  },
  { row: 13, name: 'a chunked body', bytes: chunked('5\r\nhello\r\n0\r\n\r\n'), status: 200 },
  { row: 11, name: 'a chunk extension', bytes: chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), status: 200 },
];

import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import type { Exchange } from '../api/exchange.schema.ts';
import type { Span } from '../api/observability.schema.ts';
import { makeSpan } from '../testing/spans.ts';
import { clip, layColumns, toWidth, widthOf } from './columns.ts';
import { exchangeHeader, exchangeLine } from './exchange-line.ts';
import { Output } from './output.ts';
import { printLogs, printTrace } from './trace-text.ts';

const red = (text: string) => styleText('red', text, { validateStream: false });

test('a cell is exactly as wide as it should be, whatever its colours', () => {
  expect([toWidth('abc', 5), toWidth('abc', 5, 'end'), toWidth('abcdef', 5)]).toEqual(['abc  ', '  abc', 'abcd…']);
  expect(widthOf(toWidth(red('abc'), 5))).toBe(5);
  expect(toWidth(red('abcdef'), 4)).toBe('abc…');
  expect([clip('abc', 3), clip('abc', 0), clip('→ab', 2)]).toEqual(['abc', '', '→…']);
});

test('columns are left out first, then cut, and the sum fits', () => {
  expect(layColumns([10, 10, 10], 34, {})).toEqual([10, 10, 10]);
  expect(layColumns([10, 10, 10], 30, { drop: [2, 1] })).toEqual([10, 10, 0]);
  expect(layColumns([10, 40, 20], 50, { cut: [1, 2] })).toEqual([10, 18, 18]);
  expect(layColumns([10, 40], 20, { cut: [1] })).toEqual([10, 8]);
  // Nothing may be cut: too wide is better than nothing.
  expect(layColumns([30, 30], 20, {})).toEqual([30, 30]);
  for (let room = 40; room < 200; room++) {
    const widths = layColumns([20, 33, 60, 15], room, { drop: [3], cut: [0, 1, 2] });
    const sum = widths.reduce((all, width) => all + (width > 0 ? width + 2 : 0), -2);
    expect(sum).toBeLessThanOrEqual(room);
  }
});

function write(
  { columns, ...options }: { isTerminal: boolean; colour?: boolean; columns?: number },
  print: (out: Output) => void,
): string {
  let text = '';
  print(new Output({ ...options, columns: () => columns, write: (more) => (text += more), writeError: () => undefined }));
  return text;
}

test('a table is aligned and cut in a terminal, without colour too, and whole in a pipe', () => {
  const table = (out: Output) =>
    out.table(['A', 'PATH'], [['1', '/a/very/long/path/to/somewhere/far/off/from/here']], { cut: [1] });
  expect(write({ isTerminal: true, colour: false, columns: 40 }, table)).toBe(
    'A  PATH\n1  /a/very/long/path/to/somewhere/far/o…\n',
  );
  expect(write({ isTerminal: false }, table)).toBe('1\t/a/very/long/path/to/somewhere/far/off/from/here\n');
  expect(write({ isTerminal: true, columns: 80 }, (out) => out.line(out.style('red', 'x')))).toBe(`${red('x')}\n`);
  expect(write({ isTerminal: true, colour: false }, (out) => out.line(out.style('red', 'x')))).toBe('x\n');
});

const exchange: Exchange = {
  ...{
    id: '1',
    time: '2026-01-01T12:00:00.123Z',
    reporter: 'source',
    method: 'GET',
    authority: 'r:1',
    path: `/${'long/'.repeat(40)}`,
  },
  ...{ source: 'reviews', sourceNamespace: 'default', sourceWorkload: '', sourceVersion: '', details: '', durationMs: 12 },
  ...{ destination: 'ratings', destinationNamespace: 'default', destinationWorkload: '', destinationVersion: 'v2' },
  ...{
    protocol: 'HTTP/1.1',
    status: 503,
    flags: 'URX,UF',
    requestBytes: 0,
    responseBytes: 0,
    route: '',
    cluster: '',
    endpoint: '',
  },
  ...{ attempts: [], traceId: '', spanId: '', parentSpanId: '', requestId: '', mtls: true, faults: [] },
};

test('a line of tap fits the terminal, its columns stand still; in a pipe it has six fields between tabs', () => {
  const calm = { ...exchange, status: 200, flags: '', path: '/' };
  for (const columns of [80, 120, 200]) {
    const [head = '', long = '', short = ''] = write({ isTerminal: true, colour: false, columns }, (out) => {
      out.line(exchangeHeader(out));
      for (const one of [exchange, calm]) out.line(exchangeLine(out, one));
    }).split('\n');
    for (const line of [head, long, short]) expect(line.length).toBeLessThanOrEqual(columns);
    expect(long.indexOf('GET')).toBe(short.indexOf('GET'));
    expect(long.indexOf('URX')).toBe(head.indexOf('NOTES'));
    expect(long).toContain('✖ 503');
  }
  const piped = write({ isTerminal: false }, (out) => out.line(exchangeLine(out, exchange)));
  expect(piped.trimEnd().split('\t')).toEqual([
    ...[exchange.time, '503', '12 ms', 'reviews → ratings-v2', `GET ${exchange.path}`, 'URX,UF'],
  ]);
});

test('a trace fits the terminal with its bars, names and marks; logs keep their lines', () => {
  const span = {
    traceId: 't',
    kind: 'server',
    mesh: true,
    start: '',
    startMs: 0,
    durationMs: 10,
    attributes: {},
    events: [],
  } as const;
  const spans: Span[] = Array.from({ length: 6 }, (_, n) => ({
    ...{ ...span, events: [], spanId: `s${n}`, parentSpanId: n === 0 ? '' : `s${n - 1}`, service: 'recommendations' },
    ...{ name: 'GET a-very-long-name.of.a.route/with/parts', error: n === 5, startMs: n },
  }));
  const log = { time: '', traceId: 't', spanId: 's1', service: 'shop', severityText: '', attributes: {}, atMs: 3 };
  for (const columns of [60, 80, 120, 200]) {
    const text = write({ isTerminal: true, colour: false, columns }, (out) => {
      printTrace(out, { traceId: 't', start: '', durationMs: 10, spans });
      printLogs(out, [{ ...log, severity: 17, body: `${'x'.repeat(300)}\nat line 2` }]);
    });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    expect(text).toMatch(/▒.* ✖\n/);
    expect(text).toMatch(/✖ error {3}shop {2}x+…\n +at line 2\n/);
  }
});

test('a trace tells where its time went, as a sum, and what is unusual; without the mesh only what apps did', () => {
  const fault = { name: 'fault slow: delay 6 ms', atMs: 0 };
  const spans = [
    makeSpan({ spanId: 'out', parentSpanId: 'gone', service: 'web', name: 'GET pay', durationMs: 10, events: [fault] }),
    makeSpan({ spanId: 'in', parentSpanId: 'out', kind: 'server', service: 'pay', name: 'GET pay', startMs: 6, durationMs: 4 }),
    makeSpan({
      spanId: 'app',
      parentSpanId: 'in',
      service: 'pay',
      name: 'charge',
      mesh: false,
      startMs: 6,
      durationMs: 4,
      error: true,
    }),
  ];
  const trace = { traceId: 't', start: '', durationMs: 10, spans };
  const print = (mesh: boolean) => write({ isTerminal: false }, (out) => printTrace(out, trace, { mesh }));
  expect(print(true)).toContain('Critical: ⚡ injected fault 6.0 ms (60%) · ● pay app 4.0 ms (40%)');
  expect(print(true)).toMatch(/▨ web GET pay ⚡⌀\n.*▨ pay GET pay\n.*● pay charge ✖\n/);
  expect(print(false)).toContain('3 spans, 2 of the mesh folded away');
  expect(print(false)).not.toContain('▨');
});

test('ten thousand spans are printed at once, however deep', () => {
  const spans = Array.from({ length: 10_000 }, (_, n) => makeSpan({ spanId: `s${n}`, parentSpanId: n === 0 ? '' : `s${n - 1}` }));
  const text = write({ isTerminal: true, colour: false, columns: 80 }, (out) =>
    printTrace(out, { traceId: 't', start: '', durationMs: 1, spans }),
  );
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(10_001);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeExchange } from '../api/test-exchange.ts';
import { UsageError } from './command.ts';
import { exchangeHeader, exchangeLine } from './exchange-line.ts';
import { Output } from './output.ts';
import { readTapFilter, unknownNames } from './tap-filter.ts';
import { TapSummary } from './tap-summary.ts';
import { CliMesh, type Running } from './test-kit.ts';
import { printable, textWidth } from './text-width.ts';

describe('the words of tap', () => {
  test('are those of the Requests screen; options say the same', () => {
    const read = (words: string, options = {}) => readTapFilter([words], options).words;
    expect(read('status>=500 dest:ratings')).toBe('status at least 500, to ratings');
    expect(read('', { from: 'web', to: 'default/stock', status: '>= 500', path: '/pay' })).toBe(
      'from web, to default/stock, status at least 500, path starting with /pay',
    );
    const { matches } = readTapFilter([], { status: '5xx', to: 'ratings' });
    expect(matches(makeExchange({ status: 503 }))).toBe(true);
    expect(matches(makeExchange({ status: 503, destination: 'other', destinationWorkload: '' }))).toBe(false);
  });

  test('a misspelt key is refused with what was meant, a misspelt name is told of', () => {
    expect(() => readTapFilter(['stauts:500'], {})).toThrow(new UsageError('There is no “stauts”. Did you mean status?'));
    expect(() => readTapFilter(['mark:red'], {})).toThrow('Marks are kept by the page');
    const mesh = { services: [{ name: 'ratings', namespace: 'default' }], workloads: [{ id: 'ratings-v1-0' }] } as never;
    expect(unknownNames(readTapFilter(['dest:raitngs src:rat* src:outside,ratings-v1-0'], {}), mesh)).toEqual([
      'nothing in the mesh is called raitngs: did you mean ratings?',
    ]);
  });

  test('a call that both sidecars told of is one request in the summary', () => {
    const summary = new TapSummary();
    expect(summary.words(400)).toBe('0 requests in 1 s');
    for (const reporter of ['source', 'destination'] as const)
      summary.add(makeExchange({ reporter, durationMs: 12, status: 503 }));
    expect(summary.words(150_000)).toBe('1 request (2 reports) in 2 min 30 s · 1 failed (100.0 %) · p50 12 ms · p95 12 ms');
  });
});

describe('a line of tap', () => {
  const lines = (columns: number, ...exchanges: Parameters<typeof makeExchange>[0][]) => {
    let text = '';
    const out = new Output({
      ...{ isTerminal: true, colour: false, columns: () => columns },
      ...{ write: (more) => (text += more), writeError: () => undefined },
    });
    out.line(exchangeHeader(out));
    for (const one of exchanges) out.line(exchangeLine(out, makeExchange(one)));
    return text.trimEnd().split('\n');
  };

  test('stands in its columns with wide characters, long names and in a narrow window', () => {
    const odd = {
      source: 'a-very-long-name-of-a-service-that-goes-on',
      path: '/商品/日本語のとても長い道/👩‍👩‍👧/é',
      flags: 'URX,UF',
    };
    for (let columns = 40; columns <= 160; columns++) {
      const [head = '', calm = '', strange = ''] = lines(columns, {}, odd);
      for (const line of [head, calm, strange]) expect(textWidth(line), `${columns}: ${line}`).toBeLessThanOrEqual(columns);
      const requestAt = (line: string, what: string) => textWidth(line.slice(0, line.indexOf(what)));
      expect(requestAt(strange, 'GET')).toBe(requestAt(head, 'REQUEST'));
      expect(requestAt(calm, 'GET')).toBe(requestAt(head, 'REQUEST'));
    }
  });

  test('does not let a path move the cursor, colour the screen or turn the writing around', () => {
    expect(lines(120, { path: '/a\u001b[2J\u202eb' })[1]).toContain('GET /a·[2J·b');
    expect(printable('plain/路')).toBe('plain/路');
  });
});

describe('tap of a running mesh', () => {
  let mesh: CliMesh;
  beforeAll(async () => {
    mesh = await CliMesh.start('stock', (request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200;
      response.end('ok');
    });
  });
  afterAll(() => mesh.close());

  /** Asks until tap, which takes a moment to be there, has said what it should. */
  const askUntil = async (tap: Running, text: string) => {
    let said = false;
    const saying = tap.says(text).then(() => {
      said = true;
    });
    for (let n = 0; n < 200 && !said; n++) {
      await mesh.ask('/bad');
      await mesh.ask('/good');
      await Promise.race([saying, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    expect(said).toBe(true);
  };

  test('shows what the filter lets through, and Ctrl-C ends it with a summary', async () => {
    const tap = mesh.start('tap', 'status>=500 dest:stok,stock', '--calls');
    await askUntil(tap, 'GET /bad');
    tap.signal('SIGINT');
    const { code, stdout, stderr } = await tap.ended;
    expect(code).toBe(0);
    expect(stdout).not.toContain('/good');
    expect(stdout).not.toContain('inbound');
    expect(stderr).toMatch(
      /^note: nothing in the mesh is called stok: did you mean stock\?\n\d+ requests? in \d+ s · \d+ failed \(100\.0 %\)/,
    );
  });

  test('says in words that the engine went away', async () => {
    const tap = mesh.start('tap');
    await askUntil(tap, 'GET /good');
    await mesh.engine.stop();
    const { code, stderr } = await tap.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^drydock: The engine at http:\S+ went away \(.+\), after \d+ requests?\b/);
  });
});

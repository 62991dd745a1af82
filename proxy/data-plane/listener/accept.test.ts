import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { type DetectedProtocol, detect, detectProtocol } from './accept.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

describe('protocol detection', () => {
  it.each<[string, DetectedProtocol | null]>([
    ['\x16\x03\x01\x02\x00', 'tls'],
    ['\x16', null],
    ['\x16\x01', 'raw'],
    [preface, 'http2'],
    ['PRI * HT', null],
    ['PRI * HTTP/1.1', 'http1'],
    ['GET / HTTP/1.1', 'http1'],
    ['OPTIONS ', 'http1'],
    ['M-SEARCH * ', 'http1'],
    ['GE', null],
    ['\r\nGET', 'http1'],
    ['*1\r\n$4\r\nPING\r\n', 'raw'],
    ['\0\0\0\x08\x04\xd2\x16\x2f', 'raw'],
    ['AVERYLONGWORDWITHOUTANYSPACEATALL', 'raw'],
  ])('%j is %s', (bytes, protocol) => {
    expect(detectProtocol(Buffer.from(bytes, 'latin1'))).toBe(protocol);
  });

  it('decides the same however the bytes are cut, and consumes none', async () => {
    const wires = fc.constantFrom(`${preface}rest`, 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01 hello', '\x01binary');
    await fc.assert(
      fc.asyncProperty(wires, fc.array(fc.nat(30), { maxLength: 5 }), async (wire, cuts) => {
        const stream = new PassThrough();
        const seen = new Promise<DetectedProtocol>((resolve) => detect(stream, {}, resolve));
        const edges = [0, ...cuts.sort((a, b) => a - b), wire.length];
        for (let i = 1; i < edges.length; i++) {
          stream.write(wire.slice(edges[i - 1], edges[i]), 'latin1');
          await new Promise((resolve) => setImmediate(resolve));
        }
        stream.end();
        expect(await seen).toBe(detectProtocol(Buffer.from(wire, 'latin1')));
        let read = '';
        for await (const chunk of stream) read += (chunk as Buffer).toString('latin1');
        expect(read).toBe(wire);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('tells a silent client by the timer, a closed one at once', async () => {
    const clock = new ManualClock();
    const silent = new Promise<DetectedProtocol>((resolve) =>
      detect(new PassThrough(), { timeoutMs: 1000, setTimer: (callback, ms) => clock.setTimer(callback, ms) }, resolve),
    );
    clock.advance(1000);
    expect(await silent).toBe('silent');
    const gone = new PassThrough();
    const closed = new Promise<DetectedProtocol>((resolve) => detect(gone, {}, resolve));
    gone.end();
    expect(await closed).toBe('closed');
  });
});

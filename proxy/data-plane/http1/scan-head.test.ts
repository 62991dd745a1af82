import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanHead } from './scan-head.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

test('the end of a head is found where it is, from any start', () => {
  expect(scanHead(latin1('GET / HTTP/1.1\r\nhost: a\r\n\r\nbody'), 0)).toEqual({ end: 23, clean: true });
  expect(scanHead(latin1('xxGET / HTTP/1.1\r\n\r\n'), 2)).toEqual({ end: 16, clean: true });
  expect(scanHead(latin1('GET / HTTP/1.1\r\nhost: a\r\n'), 0).end).toBe(-1);
  expect(scanHead(latin1('a: \x80\xff\tb\r\n\r\n'), 0)).toEqual({ end: 7, clean: true });
});

test('a control character, bare CR or bare LF is never called clean', () => {
  for (const odd of ['\0', '\x08', '\x0b', '\x1f', '\x7f', '\r', '\n', '\r\r\n'])
    expect(scanHead(latin1(`a: b${odd}c\r\n\r\n`), 0)).toEqual({ end: 5 + odd.length, clean: false });
});

test('whatever the bytes: the end is the first empty line, and clean heads have only whole line ends', () => {
  const piece = fc.constantFrom('a', ' ', '\t', '\r\n', '\r\n\r\n', '\r', '\n', '\0', '\xe9', 'host: x');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const { end, clean } = scanHead(latin1(text), 0);
      expect(end).toBe(text.indexOf('\r\n\r\n'));
      if (clean) expect(text.slice(0, end).replaceAll('\r\n', '')).not.toMatch(/[\0-\x08\x0a-\x1f\x7f]/);
    }),
    { seed: 7, numRuns: 500 },
  );
});

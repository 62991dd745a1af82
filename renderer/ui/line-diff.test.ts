import { describe, expect, test } from 'vitest';
import { diffLines, foldSame } from './line-diff.ts';

const short = (before: string, after: string) => {
  const marks = { same: '=', added: '+', removed: '-' };
  return diffLines(before, after).map(({ kind, text }) => `${marks[kind]}${text}`);
};

describe('diffLines', () => {
  test('tells what went and what came, each once', () => {
    expect(short('a\nb\nc', 'a\nx\nc')).toEqual(['=a', '-b', '+x', '=c']);
    expect(short('a\nb', 'a\nb')).toEqual(['=a', '=b']);
    expect(short('a\nc', 'a\nb\nc')).toEqual(['=a', '+b', '=c']);
    expect(short('a\nb\nc\nd', 'b\nd\ne')).toEqual(['-a', '=b', '-c', '=d', '+e']);
  });
  test('puts both texts together again, whatever they are', () => {
    const pick = (seed: number) => Array.from({ length: 40 }, (_, at) => 'abcd'[(seed * (at + 7) * 31) % 4]).join('\n');
    for (let seed = 1; seed < 40; seed++) {
      const [before, after] = [pick(seed), pick(seed * 3 + 1)];
      const lines = diffLines(before, after);
      const text = (without: string) => lines.flatMap((line) => (line.kind === without ? [] : [line.text])).join('\n');
      expect(text('added')).toBe(before);
      expect(text('removed')).toBe(after);
    }
  });
  test('does not stop the page for huge texts', () => {
    const before = Array.from({ length: 3000 }, (_, at) => `x${at}`).join('\n');
    const after = Array.from({ length: 3000 }, (_, at) => `y${at}`).join('\n');
    expect(diffLines(before, after)).toHaveLength(6000);
  });
});

test('foldSame leaves out what is far from a change', () => {
  const lines = diffLines('1\n2\n3\n4\n5\n6\n7\n8\n9', '1\n2\n3\n4\n5\n6\n7\n8\n10');
  expect(foldSame(lines, 2).map((line) => line?.text ?? null)).toEqual([null, '7', '8', '9', '10']);
});

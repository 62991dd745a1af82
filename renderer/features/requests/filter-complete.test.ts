import { describe, expect, test } from 'vitest';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { completeFilter, gatherSeen, withoutUnfinished } from './filter-complete.ts';

describe('completion', () => {
  const seen = gatherSeen([
    makeExchange({ destination: 'ratings', flags: 'UF,URX', status: 503 }),
    makeExchange({ destination: 'ratings' }),
    makeExchange({ destination: 'reviews' }),
  ]);

  test('offers keys at the start of a word, with what they mean', () => {
    expect(completeFilter('de', 2, seen)).toEqual([
      { label: 'dest', detail: 'Destination service or workload', text: 'dest:', caret: 5 },
    ]);
    expect(completeFilter('-st', 3, seen)[0]).toMatchObject({ label: '-status', text: '-status>=' });
  });

  test('offers seen values behind a key, most frequent first', () => {
    expect(completeFilter('dest:', 5, seen).map(({ label }) => label)).toEqual(['ratings', 'reviews']);
    expect(completeFilter('flag:', 5, seen)).toContainEqual(
      expect.objectContaining({ label: 'UF', detail: 'Could not connect to the upstream' }),
    );
  });

  test('replaces only the word under the cursor and the value after the last comma', () => {
    expect(completeFilter('dest:ra status>=500', 7, seen)[0]).toMatchObject({ text: 'dest:ratings status>=500', caret: 13 });
    expect(completeFilter('dest:ratings,rev', 16, seen)[0]?.text).toBe('dest:ratings,reviews ');
  });
});

test('a word that may become a key does not filter while it is being typed; any other does', () => {
  expect(withoutUnfinished('status>=500 de', 14)).toBe('status>=500');
  expect(withoutUnfinished('sta dest:x', 3)).toBe('dest:x');
  expect(withoutUnfinished('-pat', 4)).toBe('');
  for (const [text, caret] of [
    ['pay', 3],
    ['dest:x', 6],
    ['path dest:x', 11],
    ['status dest:x', 2],
  ] as const)
    expect(withoutUnfinished(text, caret)).toBe(text);
});

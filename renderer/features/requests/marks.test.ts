import { expect, test } from 'vitest';
import { describeFilter } from '../../../proxy/api/filter/filter-words.ts';
import { compileFilter } from '../../../proxy/api/filter/match-exchange.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { marksOf, RequestMarks } from './marks.ts';

function createStorage(text?: string) {
  const kept = new Map<string, string>(text === undefined ? [] : [['drydock.marks', text]]);
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

test('marks are kept with their request, and one that says nothing goes', () => {
  const storage = createStorage();
  const marks = new RequestMarks(storage);
  const slow = makeExchange({ id: 'slow', durationMs: 900 });
  marks.togglePin(slow);
  marks.set(makeExchange({ id: 'odd' }), { colour: 'red', note: 'why twice?' });
  const again = new RequestMarks(storage);
  expect(again.all.get().get('slow')).toEqual({ annotation: { pinned: true }, exchange: slow });
  again.togglePin(slow);
  again.set(makeExchange({ id: 'odd' }), { note: '  ' });
  expect(again.all.get().size).toBe(0);
  expect(storage.kept.size).toBe(0);
});

test('what cannot be read counts as never marked; the oldest of too many go', () => {
  for (const text of ['no json', '{}', '[1, {"annotation": {}}]'])
    expect(new RequestMarks(createStorage(text)).all.get().size).toBe(0);
  const marks = new RequestMarks(createStorage());
  for (let n = 0; n < 310; n++) marks.togglePin(makeExchange({ id: String(n) }));
  expect([marks.all.get().size, marks.all.get().has('9'), marks.all.get().has('10')]).toEqual([300, false, true]);
});

test('mark: is a word of the filter', () => {
  const marks = new RequestMarks(createStorage());
  const [pinned, red, plain] = ['pinned', 'red', 'plain'].map((id) => makeExchange({ id })) as [never, never, never];
  marks.togglePin(pinned);
  marks.set(red, { colour: 'red', note: 'Why twice?' });
  const found = (text: string) =>
    [pinned, red, plain].filter(compileFilter(parseFilter(text), marksOf(marks.all.get()))).map(({ id }: { id: string }) => id);
  expect(found('mark:*')).toEqual(['pinned', 'red']);
  expect(found('mark:pinned')).toEqual(['pinned']);
  expect(found('mark:red,pinned')).toEqual(['pinned', 'red']);
  expect(found('mark:*twice*')).toEqual(['red']);
  expect(found('-mark:*')).toEqual(['plain']);
  expect(describeFilter(parseFilter('mark:* -mark:red'))).toBe('with any mark, not mark red');
});

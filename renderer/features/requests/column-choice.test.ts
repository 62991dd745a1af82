import { expect, test } from 'vitest';
import {
  type ColumnChoice,
  columnIds,
  defaultChoice,
  isDefault,
  keepChoice,
  moveColumn,
  readChoice,
  toggleColumn,
} from './column-choice.ts';
import { fitColumns } from './fit-columns.ts';
import { columnsFor, requestColumns } from './request-columns.tsx';

function createStorage(text: string | null = null) {
  const kept = { text };
  return {
    kept,
    getItem: () => kept.text,
    setItem: (_key: string, value: string) => {
      kept.text = value;
    },
    removeItem: () => {
      kept.text = null;
    },
  };
}

const shownIds = ({ order, shown }: ColumnChoice) => order.filter((id) => shown.has(id));

test('chosen columns and their order are read back; the default leaves nothing behind', () => {
  const storage = createStorage();
  const chosen = moveColumn(toggleColumn(toggleColumn(defaultChoice, 'rule'), 'sent'), 'sent', -1, 'shown');
  keepChoice(storage, chosen);
  expect(shownIds(readChoice(storage))).toEqual(shownIds(chosen));
  expect(shownIds(chosen).slice(-3)).toEqual(['flags', 'sent', 'faults']);
  keepChoice(storage, defaultChoice);
  expect(storage.kept.text).toBeNull();
  expect(isDefault(readChoice(storage))).toBe(true);
});

test('whatever stands in storage, every column is there once', () => {
  for (const text of ['', '{', '7', 'null', '[]', '{"order":[],"shown":[]}', '{"order":7,"shown":["nonsense"]}'])
    expect(readChoice(createStorage(text))).toEqual(defaultChoice);
  const older = readChoice(createStorage('{"order":["ms","gone","path","ms"],"shown":["path","ms"]}'));
  expect(older.order.slice(0, 2)).toEqual(['ms', 'path']);
  expect([...older.order].sort()).toEqual([...columnIds].sort());
  expect(shownIds(older)).toEqual(['ms', 'path']);
});

test('the last column stays, the ends hold, and moving among the shown ones passes the hidden', () => {
  const one: ColumnChoice = { order: columnIds, shown: new Set(['path']) };
  expect(shownIds(toggleColumn(one, 'path'))).toEqual(['path']);
  expect(moveColumn(defaultChoice, 'time', -1, 'all').order).toEqual(columnIds);
  expect(moveColumn(defaultChoice, 'reporter', 1, 'all').order).toEqual(columnIds);
  const two: ColumnChoice = { order: columnIds, shown: new Set(['time', 'mtls']) };
  expect(shownIds(moveColumn(two, 'mtls', -1, 'shown'))).toEqual(['mtls', 'time']);
});

test('what has no room goes from the right, what tells most about a request last', () => {
  const at = (width: number, choice = defaultChoice) => fitColumns(choice, requestColumns, width);
  expect(at(0).ids).toEqual(shownIds(defaultChoice));
  expect(at(1200)).toEqual({ size: 'wide', ids: shownIds(defaultChoice) });
  expect(at(700)).toMatchObject({ size: 'medium', ids: expect.not.arrayContaining(['rule']) });
  expect(at(420).ids).toEqual(expect.arrayContaining(['path', 'code', 'ms']));
  expect(at(420).ids).not.toEqual(expect.arrayContaining(['tries']));
  expect(at(10).ids).toHaveLength(1);
  const all: ColumnChoice = { order: columnIds, shown: new Set(columnIds) };
  for (let width = 100; width < 2000; width += 50) {
    const { size, ids } = at(width, all);
    const needed = ids.reduce((sum, id) => sum + requestColumns[id].room[size], 24);
    expect(ids.length === 1 || needed <= width).toBe(true);
  }
  expect(columnsFor(all, 2000).map(({ id }) => id)).toEqual(columnIds);
});

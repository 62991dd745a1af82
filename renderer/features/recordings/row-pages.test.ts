import { expect, test } from 'vitest';
import type { RecordedRow, RecordedRowPage } from '../../../proxy/api/recording.schema.ts';
import { RowPages, rowsPerPage } from './row-pages.ts';

function makePages(total: number) {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  let version = 'a';
  let changes = 0;
  const pages = new RowPages(
    (offset, limit) => {
      asked.push(offset / limit);
      const answer: RecordedRowPage = {
        total,
        rows: Array.from(
          { length: Math.min(limit, total - offset) },
          (_, n) => ({ id: `${version}${offset + n}` }) as Partial<RecordedRow> as RecordedRow,
        ),
      };
      return new Promise((resolve) => waiting.push(() => resolve(answer)));
    },
    () => changes++,
  );
  const answer = async () => {
    for (const give of waiting.splice(0)) give();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { pages, asked, answer, changes: () => changes, setVersion: (next: string) => (version = next) };
}

test('reads only the pages that are looked at, each once', async () => {
  const { pages, asked, answer, changes } = makePages(100_000);
  pages.want(0, 30);
  pages.want(0, 30);
  expect([pages.total, pages.at(0)]).toEqual([null, undefined]);
  await answer();
  expect([pages.total, pages.at(0)?.id, pages.at(199)?.id, pages.at(200)]).toEqual([100_000, 'a0', 'a199', undefined]);
  pages.want(99_990, 100_020);
  pages.want(390, 410);
  await answer();
  expect(asked).toEqual([0, 499, 1, 2]);
  expect([pages.at(99_999)?.id, pages.at(400)?.id, changes()]).toEqual(['a99999', 'a400', 3]);
});

test('a page is there before the wheel has come to it, and its coming redraws nothing', async () => {
  const { pages, asked, answer, changes } = makePages(100_000);
  pages.want(0, 30);
  await answer();
  pages.want(60, 90);
  await answer();
  expect([asked, changes(), pages.at(200)?.id]).toEqual([[0, 1], 1, 'a200']);
  pages.want(180, 210);
  expect(asked).toEqual([0, 1]);
  pages.want(500, 530);
  pages.want(410, 440);
  await answer();
  expect([asked, changes()]).toEqual([[0, 1, 2, 3], 2]);
});

test('shows what it has until what was asked again is there', async () => {
  const { pages, asked, answer, setVersion } = makePages(500);
  pages.want(0, 250);
  await answer();
  pages.want(0, 250);
  await answer();
  setVersion('b');
  pages.refresh();
  expect(pages.at(0)?.id).toBe('a0');
  await answer();
  expect([pages.at(0)?.id, pages.at(250)?.id]).toEqual(['b0', 'b250']);
  expect(asked).toEqual([0, 1, 0, 1]);
});

test('forgets the pages that nobody looked at for longest', async () => {
  const { pages, answer } = makePages(100_000);
  for (let page = 0; page < 60; page++) {
    pages.want(page * rowsPerPage, page * rowsPerPage + 10);
    await answer();
    pages.want(0, 10);
  }
  expect(pages.at(0)?.id).toBe('a0');
  expect(pages.at(rowsPerPage)).toBeUndefined();
  expect(pages.at(59 * rowsPerPage)?.id).toBe(`a${59 * rowsPerPage}`);
});

test('a failure is told and tried again with the next look', async () => {
  let fails = true;
  const pages = new RowPages(
    async () => {
      if (fails) throw new Error('the engine is away');
      return { rows: [], total: 0 };
    },
    () => {},
  );
  pages.want(0, 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(pages.error).toBe('the engine is away');
  fails = false;
  pages.refresh();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect([pages.error, pages.total]).toEqual([null, 0]);
});

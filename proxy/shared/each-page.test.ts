import { expect, test } from 'vitest';
import { eachPage } from './each-page.ts';

test('reads page after page until there is no next, and asks for none that nobody wants', async () => {
  const asked: (string | undefined)[] = [];
  const read = async (cursor: string | undefined) => {
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    return { items: [at, at + 1], next: at < 4 ? String(at + 2) : null };
  };
  const all: number[] = [];
  for await (const page of eachPage(read)) all.push(...page.items);
  expect(all).toEqual([0, 1, 2, 3, 4, 5]);
  expect(asked).toEqual([undefined, '2', '4']);
  asked.length = 0;
  for await (const page of eachPage(read)) if (page.items.includes(2)) break;
  expect(asked).toEqual([undefined, '2']);
});

test('a cursor that names itself ends with an error instead of never', async () => {
  const pages = eachPage(async () => ({ next: 'same' }));
  await pages.next();
  await pages.next();
  await expect(pages.next()).rejects.toThrow(/names itself/);
});

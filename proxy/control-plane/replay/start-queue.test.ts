import { expect, test } from 'vitest';
import { StartQueue } from './start-queue.ts';

test('starts run in the order of their moments, prepared first and never before, and one that is taken out never runs', async () => {
  const queue = new StartQueue();
  const done: string[] = [];
  const early: string[] = [];
  const start = (name: string, at: number) => ({
    at,
    prepare: () => done.push(`${name} prepared`),
    run: () => {
      if (at - performance.now() > 0.1) early.push(name);
      done.push(name);
    },
  });
  const now = performance.now();
  queue.add(start('third', now + 440));
  queue.add(start('second', now + 412));
  // Sooner than what is prepared already.
  queue.add(start('first', now + 406));
  const gone = start('gone', now + 409);
  queue.add(gone);
  queue.remove(gone);
  await expect.poll(() => done.filter((name) => !name.includes(' ')), { timeout: 20_000 }).toEqual(['first', 'second', 'third']);
  expect(early).toEqual([]);
  for (const name of ['first', 'second', 'third']) expect(done.indexOf(`${name} prepared`)).toBeLessThan(done.indexOf(name));
  queue.close();
});

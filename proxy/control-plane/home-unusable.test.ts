import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Engine } from '../engine.ts';
import { explainHomeError } from './home-unusable.ts';

test('a home that is a file, or below one, is refused with the place, the cause and what to do', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-unusable-'));
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  for (const home of [file, path.join(file, 'below')]) {
    const error = await Engine.start({ home, paths: [] }).catch((failure: Error) => failure);
    expect(error).toMatchObject({
      name: 'HomeUnusable',
      message: expect.stringContaining(`The home folder ${home} cannot be used: `),
      diagnostics: [{ code: 'DD1208', suggestion: expect.stringContaining('--home DIR') }],
    });
  }
  await rm(folder, { recursive: true, force: true });
});

test('a disk that is full says so; what is no matter of the file system stays what it was', () => {
  const full = Object.assign(new Error('x'), { code: 'ENOSPC', path: '/h/ca/a.key' });
  expect((explainHomeError('/h', full) as Error).message).toBe(
    'The home folder /h cannot be used: its disk is full (ENOSPC, at /h/ca/a.key)',
  );
  const limit = explainHomeError('/h', new Error('listen EMFILE: too many open files')) as { diagnostics: unknown[] };
  expect(limit.diagnostics).toMatchObject([{ code: 'DD1209', suggestion: expect.stringContaining('ulimit -n') }]);
  const other = new Error('else');
  expect(explainHomeError('/h', other)).toBe(other);
});

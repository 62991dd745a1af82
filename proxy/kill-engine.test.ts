import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { killRounds } from '../bench/lib/kill-rounds.ts';
import { seededRandom } from './shared/seeded-random.ts';

test('what the API has shown of a recording survives kill -9, five times on one database', { timeout: 120_000 }, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'drydock-kill-'));
  try {
    const { acknowledged, lost, broken } = await killRounds({ home, rounds: 5, requestsPerSecond: 200, random: seededRandom(7) });
    expect({ lost, broken }).toEqual({ lost: 0, broken: 0 });
    // One a round at least, however slow the machine.
    expect(acknowledged).toBeGreaterThanOrEqual(5);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

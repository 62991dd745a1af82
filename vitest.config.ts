import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'proxy/**/*.test.ts',
      'renderer/**/*.test.ts',
      'electron/**/*.test.ts',
      'scripts/**/*.test.ts',
      'samples/**/*.test.ts',
    ],
    pool: 'forks',
    maxWorkers: 2,
    // Caps, not expectations: a machine that does ten other things is ten times as slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 25 } },
  },
});

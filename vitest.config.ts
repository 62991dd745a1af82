import path from 'node:path';
import { defineConfig } from 'vitest/config';

// The engine's threads take the TypeScript that Node has stripped before from this cache (proxy/shared/worker-environment.ts). Without it each of
// them loads the compiler, a WebAssembly module, and now and then Node 24 dies when many of those are let go of ("Check failed: end > addr").
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, 'node_modules', '.cache', 'compile');

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

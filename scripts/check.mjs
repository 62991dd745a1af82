// npm run check: what the compiler, the linter and the layers say. Everything is run and told, then the result.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap } from './bootstrap.mjs';
import { runMain, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';

const layered = ['proxy', 'renderer', 'electron', 'e2e', 'bench', 'samples', 'scripts'];

const checks = [
  ...['tsconfig.json', 'renderer', 'electron', 'e2e'].map((project) => ({
    name: `types: ${project}`,
    script: 'typescript/bin/tsc',
    args: ['-p', project],
  })),
  { name: 'lint and format', script: '@biomejs/biome/bin/biome', args: ['check', '--diagnostic-level=error', '.'] },
  {
    name: 'layers',
    script: 'dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...layered],
    // Without a parser for TypeScript the cruiser skips every .ts file and finds nothing wrong.
    sawEnough: (output) => Number(/(\d+) modules/.exec(output)?.[1] ?? 0) > 200,
  },
];

/** @returns {Promise<string[]>} the names of the checks that failed; their output is printed */
export async function check() {
  const failed = [];
  for (const { name, script, args, sawEnough } of checks) {
    const startedMs = Date.now();
    const present = args.filter((argument) => !layered.includes(argument) || existsSync(path.join(root, argument)));
    const command = [path.join(root, 'node_modules', script), ...present];
    const { code, output } = await run(projectNode(), command, { cwd: root, timeoutMs: 240_000 });
    const passed = code === 0 && (sawEnough?.(output) ?? true);
    say(`${passed ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`);
    if (passed) continue;
    failed.push(name);
    process.stdout.write(`${output.trim()}\n`);
  }
  return failed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    await bootstrap();
    if ((await check()).length > 0) process.exitCode = 1;
  });
}

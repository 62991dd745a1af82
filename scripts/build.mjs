// Builds what the desktop app runs: the page (vite) and the shell (esbuild). Runs under the project's Node.
//   node scripts/build.mjs [--force] [--engine]
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildEngine } from './build-engine.mjs';
import { runMain, SetupError, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';

export async function buildDesktop({ force = false } = {}) {
  await buildRenderer({ force });
  await buildShell();
}

/** vite build of renderer/, when a source is newer than what was built. */
export async function buildRenderer({ force = false } = {}) {
  const page = path.join(root, 'renderer', 'dist', 'index.html');
  const sources = ['renderer', 'proxy/api', 'package-lock.json'];
  if (!force && existsSync(page) && newest(sources) <= statSync(page).mtimeMs) return;
  say('building the page …');
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { code, output } = await run(projectNode(), [vite, 'build', 'renderer', '--logLevel', 'warn'], { cwd: root });
  if (code !== 0) throw new SetupError(`the page could not be built:\n${output.trim()}`);
}

/** The shell is bundled to CommonJS for Electron's Node: quick enough to do every time. */
export async function buildShell() {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'electron/main.ts', preload: 'electron/preload.ts' },
    outdir: 'electron/dist',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['electron'],
    sourcemap: 'linked',
    logLevel: 'warning',
  });
}

function newest(places) {
  let latestMs = 0;
  const visit = (place) => {
    const stat = statSync(place);
    if (!stat.isDirectory()) {
      if (!place.endsWith('.test.ts') && !place.endsWith('.test.tsx')) latestMs = Math.max(latestMs, stat.mtimeMs);
      return;
    }
    for (const name of readdirSync(place)) if (name !== 'dist' && name !== 'node_modules') visit(path.join(place, name));
  };
  for (const place of places) visit(path.join(root, place));
  return latestMs;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    await buildDesktop({ force: process.argv.includes('--force') });
    if (process.argv.includes('--engine')) await buildEngine();
  });
}

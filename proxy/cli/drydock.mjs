#!/usr/bin/env node
// The `drydock` command. Plain JavaScript, because an older Node may run it: then it runs itself again with the project's Node 24, which
// reads TypeScript as it is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const wantedMajor = 24;

if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
  module.enableCompileCache?.();
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  runAgain();
}

function runAgain() {
  const node = findNode(path.dirname(fileURLToPath(import.meta.url)));
  if (!node) {
    process.stderr.write(`drydock needs Node ${wantedMajor}; this is ${process.version}. In a checkout, run npm ci first.\n`);
    process.exit(1);
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`drydock: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

/** @param {string} from @returns {string | null} */
function findNode(from) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let folder = from; ; folder = path.dirname(folder)) {
    for (const candidate of [path.join('node', 'bin', name), path.join('.bin', name)]) {
      const file = path.join(folder, 'node_modules', candidate);
      if (existsSync(file)) return file;
    }
    if (folder === path.dirname(folder)) return null;
  }
}

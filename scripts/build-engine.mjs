// The engine as JavaScript in proxy/dist, file by file, for the packaged app and the npm package: Node strips types in a checkout only.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './paths.mjs';

/** A relative path to one of our own .ts files in a string: an import, or a worker's URL. */
const sourcePath = /(['"`])(\.{1,2}\/[^'"`\s]*)\.ts\1/g;

/** @returns {Promise<number>} how many files were written */
export async function buildEngine() {
  const from = path.join(root, 'proxy');
  const to = path.join(from, 'dist');
  await rm(to, { recursive: true, force: true });
  const names = (await readdir(from, { recursive: true })).filter(belongs);
  for (const name of names) {
    const target = path.join(to, name.replace(/\.ts$/, '.js'));
    await mkdir(path.dirname(target), { recursive: true });
    if (!/\.(ts|mjs)$/.test(name)) {
      await cp(path.join(from, name), target);
      continue;
    }
    const source = await readFile(path.join(from, name), 'utf8');
    await writeFile(target, await toJavaScript(name, source));
  }
  return names.length;
}

/** One module. The oldest runtime is Electron 33's Node 20.18; from 20.10 on the attribute of a JSON import stays, without which Node 22 refuses it. */
export async function toJavaScript(name, source) {
  const { transform } = await import('esbuild');
  const { code } = await transform(source, { loader: name.endsWith('.ts') ? 'ts' : 'js', format: 'esm', target: 'node20.10' });
  return code.replace(sourcePath, '$1$2.js$1');
}

function belongs(name) {
  if (
    /^(dist|testing)(\/|\\|$)/.test(name) ||
    /\.test\.[tj]s$|(test-kit|test-exchange|\.test-helper)\.ts$|\.d\.ts$|\.md$/.test(name)
  )
    return false;
  return /\.(ts|mjs|json|sql|yaml|html|css|proto)$/.test(name);
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/*
 * What the documents say of the tree holds: every file and folder they name exists, every npm script too. A name is what stands in backticks or
 * in a code block and looks like one of ours; it may be short (`upstream/retry.ts`), as long as a path ends so. `<kind>` and `*` stand for any name.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'renderer/README.md', 'bench/README.md'],
  ...filesBelow('docs').filter((file) => file.endsWith('.md')),
  ...filesBelow('proxy').filter((file) => file.endsWith('.md')),
];
const folders = ['proxy', 'renderer', 'electron', 'samples', 'e2e', 'bench', 'scripts', 'docs'];
const generated = /^(node_modules|dist|release)\/|\/(dist|node_modules)(\/|$)/;
const fileName = /^[\w.<>{},@*-]+(\/[\w.<>{},@*-]+)*\.(ts|tsx|mts|mjs|cjs|md|css)$/;

const known = [...filesBelow(''), ...foldersBelow('')].map((name) => `/${name}`);

const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

test.each(documents)('all that %s names is there', (document) => {
  const text = readFileSync(path.join(root, document), 'utf8');
  const isHere = (target: string) => existsSync(path.join(root, path.dirname(document), target));
  expect({
    paths: namesIn(text).filter((name) => !exists(name)),
    links: linksIn(text).filter((target) => !isHere(target)),
    scripts: scriptsIn(text).filter((name) => !(name in scripts)),
  }).toEqual({ paths: [], links: [], scripts: [] });
});

describe('a name', () => {
  test('is found by its end, its folder or its pattern, and only then', () => {
    for (const name of ['proxy/engine.ts', 'upstream/retry.ts', 'proxy/config/kinds/<kind>.ts', 'toxics/', 'proxy/api'])
      expect([name, exists(name)]).toEqual([name, true]);
    for (const name of ['proxy/engines.ts', 'etry.ts', 'proxy/config/<kind>/nothing.ts', 'oxics/'])
      expect([name, exists(name)]).toEqual([name, false]);
  });
});

function namesIn(text: string): string[] {
  const code = [...text.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(([, block, inline]) => block ?? inline ?? '');
  const words = code.flatMap((one) => one.split(/[\s,;()[\]|'"]+(?![^{]*\})/)).map((word) => word.replace(/[:.,]+$/, ''));
  return [...new Set(words.filter(isOurs))].filter((word) => !generated.test(word));
}

function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => target!).filter((target) => !/^\w+:/.test(target));
}

function scriptsIn(text: string): string[] {
  return [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
}

function isOurs(word: string): boolean {
  if (fileName.test(word)) return true;
  return folders.some((folder) => word === `${folder}/` || word.startsWith(`${folder}/`)) && /^[\w./<>{},-]+$/.test(word);
}

function exists(name: string): boolean {
  const escaped = name.replace(/^(\.\.?\/)+|\/$/g, '').replace(/[.+?^$()|[\]\\]/g, '\\$&');
  const alternatives = escaped.replace(/\{([^}]*)\}/g, (_whole, list: string) => `(${list.replaceAll(',', '|')})`);
  const pattern = new RegExp(`/${alternatives.replace(/<[^>]*>|\*/g, '[^/]+')}$`);
  return known.some((one) => pattern.test(one));
}

function filesBelow(folder: string): string[] {
  return entriesBelow(folder).flatMap((entry) => (entry.isDirectory ? filesBelow(entry.name) : [entry.name]));
}

function foldersBelow(folder: string): string[] {
  return entriesBelow(folder).flatMap((entry) => (entry.isDirectory ? [entry.name, ...foldersBelow(entry.name)] : []));
}

function entriesBelow(folder: string): { name: string; isDirectory: boolean }[] {
  const skipped = ['node_modules', 'dist', 'release', '.git'];
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !skipped.includes(name))
    .map((entry) => ({ name: path.posix.join(folder, entry.name), isDirectory: entry.isDirectory() }));
}

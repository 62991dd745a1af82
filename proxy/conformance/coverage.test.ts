import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Group } from './case.ts';
import * as destinations from './cases/destinations.ts';
import * as gateway from './cases/gateway/index.ts';
import { badRequests, oddRequests } from './cases/hardening.ts';
import { outboundGroups } from './cases/index.ts';
import * as mesh from './cases/mesh.ts';
import { titlesOf } from './test-titles.ts';

/* The tables of docs/coverage name cases and tests: what they name is a group, a case or the title of a test. */

const folder = fileURLToPath(new URL('../../docs/coverage/', import.meta.url));
const proxy = fileURLToPath(new URL('../', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const isGroups = (value: unknown): value is readonly Group[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && 'cases' in one);
const groups = [
  ...outboundGroups,
  ...[mesh, gateway, destinations].flatMap((module) => Object.values(module).filter(isGroups).flat()),
];
const ids = new Set(groups.map(({ id }) => id));
const caseNames = new Set([
  ...groups.flatMap((group) => group.cases.map((one) => one.name)),
  ...[...badRequests, ...oddRequests].map(({ row, name }) => `${row}: ${name}`),
]);

/** The rows of every table of a file: behaviour, and what shows it. */
function rowsOf(file: string): { behaviour: string; shownBy: string }[] {
  const lines = readFileSync(path.join(folder, file), 'utf8').split('\n');
  return lines
    .filter((line, index) => line.startsWith('| ') && !lines[index + 1]?.startsWith('|---'))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return { behaviour: cells[1] ?? '', shownBy: cells[2] ?? '' };
    });
}

/** Every test file below these folders, and whether it has a test of a title. */
const testFiles = new Map(
  ['proxy', 'renderer', 'e2e', 'electron'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => path.join(root, folder, file))
      .map((file) => [file, titlesOf(readFileSync(file, 'utf8'))] as const),
  ),
);

/** A group, a case, `file › title`, or a title alone; a file alone shows nothing. */
function exists(name: string): boolean {
  const [file = '', title] = name.split(' › ');
  const at = /^(e2e|electron|renderer)\//.test(file) ? root : proxy;
  if (title !== undefined) return testFiles.get(path.join(at, file.replace(/^proxy\//, '')))?.(title) ?? false;
  if (file.endsWith('.ts')) return false;
  return ids.has(name) || caseNames.has(name) || [...testFiles.values()].some((has) => has(name));
}

describe.each(readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md'))('docs/coverage/%s', (file) => {
  test.each(rowsOf(file))('$behaviour', ({ shownBy }) => {
    // What is written after `missing` is the reason.
    const names = [...(shownBy.split('**missing**')[0] ?? '').matchAll(/`([^`]+)`/g)].map((found) => found[1]!);
    expect(names.filter((name) => !exists(name))).toEqual([]);
    expect(names.length > 0 || shownBy.includes('**missing**')).toBe(true);
  });
});

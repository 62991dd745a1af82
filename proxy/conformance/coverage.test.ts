import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Group } from './case.ts';
import * as destinations from './cases/destinations.ts';
import * as gateway from './cases/gateway/index.ts';
import { outboundGroups } from './cases/index.ts';
import * as mesh from './cases/mesh.ts';

/* The tables of docs/coverage name cases and tests: what they name exists. */

const folder = fileURLToPath(new URL('../../docs/coverage/', import.meta.url));
const proxy = fileURLToPath(new URL('../', import.meta.url));
const isGroups = (value: unknown): value is readonly Group[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && 'cases' in one);
const groups = [
  ...outboundGroups,
  ...[mesh, gateway, destinations].flatMap((module) => Object.values(module).filter(isGroups).flat()),
];
const ids = new Set(groups.map(({ id }) => id));

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

/** Titles of cases, and the text of every test file below proxy/. */
const caseNames = new Set(groups.flatMap((group) => group.cases.map((one) => one.name)));
const testText = readdirSync(proxy, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') || file.startsWith(path.join('conformance', 'cases')))
  .map((file) => path.join(proxy, file))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

function exists(name: string): boolean {
  const [file, title] = name.split(' › ');
  if (!file?.endsWith('.ts')) return ids.has(name) || caseNames.has(name) || testText.includes(name);
  const place = path.join(proxy, file.replace(/^proxy\//, ''));
  return existsSync(place) && (title === undefined || readFileSync(place, 'utf8').includes(title));
}

describe.each(readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md'))('docs/coverage/%s', (file) => {
  test.each(rowsOf(file))('$behaviour', ({ shownBy }) => {
    // What is written after `missing` is the reason.
    const names = [...(shownBy.split('**missing**')[0] ?? '').matchAll(/`([^`]+)`/g)].map((found) => found[1]!);
    expect(names.filter((name) => !exists(name))).toEqual([]);
    expect(names.length > 0 || shownBy.includes('**missing**')).toBe(true);
  });
});

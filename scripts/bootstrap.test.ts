import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { letGoOfLink } from './bootstrap.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'drydock-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('dependencies that are a link to another checkout’s are let go of, and the other keeps them', () => {
  const [other, own] = ['other', 'own'].map((name) => path.join(folder, name)) as [string, string];
  mkdirSync(other);
  writeFileSync(path.join(other, 'package'), '');
  symlinkSync(other, own, 'junction');
  letGoOfLink(own);
  expect([existsSync(own), existsSync(path.join(other, 'package'))]).toEqual([false, true]);
});

test('a folder of one’s own, or none, stays as it is', () => {
  letGoOfLink(folder);
  letGoOfLink(path.join(folder, 'nothing'));
  expect(existsSync(folder)).toBe(true);
});

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { type ParsedResource, parseLimits, parseText } from './parse.ts';

export interface LoadResult {
  documents: ParsedResource[];
  diagnostics: Diagnostic[];
  /** Every file read, absolute, in reading order: what to watch. */
  files: string[];
}

const configFile = /\.(ya?ml|json)$/i;
const skippedFolders = new Set(['node_modules', '.git']);
const maxFiles = 2000;

/**
 * Reads files and folders (recursively: *.yaml, *.yml, *.json, in name order). A path that cannot be read, a file too large or a
 * folder without config is a diagnostic; nothing is thrown for what a user can get wrong. Paths appear in diagnostics as they were given.
 */
export async function loadFiles(paths: readonly string[]): Promise<LoadResult> {
  const result: LoadResult = { documents: [], diagnostics: [], files: [] };
  const seen = new Set<string>();
  for (const given of paths) {
    const files = await listConfigFiles(given, result.diagnostics);
    for (const file of files) {
      const absolute = path.resolve(file);
      if (seen.has(absolute)) continue;
      seen.add(absolute);
      result.files.push(absolute);
      const text = await readConfig(file, result.diagnostics);
      if (text === null) continue;
      const parsed = parseText(text, file);
      result.documents.push(...parsed.documents);
      result.diagnostics.push(...parsed.diagnostics);
    }
  }
  return result;
}

async function listConfigFiles(given: string, diagnostics: Diagnostic[]): Promise<string[]> {
  try {
    const info = await stat(given);
    if (!info.isDirectory()) return [given];
    const files: string[] = [];
    await walk(given, files, 0);
    if (files.length === 0) diagnostics.push(unreadable(given, 'the folder holds no .yaml, .yml or .json file'));
    return files;
  } catch (error) {
    diagnostics.push(unreadable(given, reasonOf(error)));
    return [];
  }
}

async function walk(folder: string, files: string[], depth: number): Promise<void> {
  if (depth > 16) return;
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (files.length >= maxFiles) return;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && !entry.name.startsWith('.')) await walk(full, files, depth + 1);
    } else if (configFile.test(entry.name)) files.push(full);
  }
}

async function readConfig(file: string, diagnostics: Diagnostic[]): Promise<string | null> {
  try {
    const { size } = await stat(file);
    if (size > parseLimits.bytes) {
      const megabytes = `${(size / 1e6).toFixed(1)} MB`;
      diagnostics.push({
        ...unreadable(file, `it is ${megabytes} long; the limit is ${parseLimits.bytes / 1e6} MB`),
        code: 'DD1004',
      });
      return null;
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    diagnostics.push(unreadable(file, reasonOf(error)));
    return null;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'EACCES') return 'permission denied';
  if (code === undefined) throw error;
  return code;
}

function unreadable(file: string, reason: string): Diagnostic {
  return { severity: 'error', code: 'DD1008', message: `${file} cannot be read: ${reason}.`, file };
}

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isProtoText, type ProtoProblem, type ProtoReading, type ProtoSource, readProtos } from './read-protos.ts';

export interface FileReading extends ProtoReading {
  /** The .proto and descriptor files that were given, folders opened; absolute. */
  given: string[];
}

const maxFiles = 500;
const maxFileBytes = 8 * 1024 * 1024;
const maxKept = 50;
/** How far above an importing file its include folder is looked for. */
const maxAncestors = 8;
const skippedFolders = new Set(['node_modules', '.git']);

/**
 * Reads what services name under `protos`. A reading is kept until one of its files or folders changes, so that asking again costs a few
 * `stat`s: .proto files need no watching.
 */
export class ProtoReader {
  readonly #kept = new Map<string, { stamp: string; reading: Promise<FileReading>; touched: string[] }>();

  /** `given`: .proto files, folders of them, descriptor sets; relative ones count from `folder`. Never rejects for what a user can get wrong. */
  async read(given: readonly string[], folder: string): Promise<FileReading> {
    const key = [folder, ...given].join('\0');
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.stamp === (await stampOf(kept.touched))) return kept.reading;
    const disk = new Disk(folder);
    const reading = disk.read(given);
    await reading;
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { stamp: await stampOf(disk.touched), reading, touched: disk.touched });
    return reading;
  }
}

class Disk {
  /** Everything the reading depends on, also what was looked for in vain among the given. */
  readonly touched: string[] = [];
  readonly #folder: string;
  readonly #includes: string[];
  readonly #problems: ProtoProblem[] = [];

  constructor(folder: string) {
    this.#folder = path.resolve(folder);
    this.#includes = [this.#folder];
  }

  async read(given: readonly string[]): Promise<FileReading> {
    const files: string[] = [];
    for (const one of given) await this.#list(path.resolve(this.#folder, one), one, files);
    const sources: ProtoSource[] = [];
    for (const file of files) {
      const source = await this.#source(file);
      if (source !== null) sources.push(source);
    }
    const reading = await readProtos(sources, (wanted, from) => this.#find(wanted, from));
    return { ...reading, problems: [...this.#problems, ...reading.problems], given: files };
  }

  async #list(absolute: string, asGiven: string, files: string[]): Promise<void> {
    this.touched.push(absolute);
    const info = await stat(absolute).catch((error: NodeJS.ErrnoException) => error);
    if (info instanceof Error) return this.#unreadable(asGiven, reasonOf(info));
    if (!info.isDirectory()) return void files.push(absolute);
    this.#includes.unshift(absolute);
    const before = files.length;
    await this.#walk(absolute, files, 0);
    if (files.length === before) this.#unreadable(asGiven, 'the folder holds no .proto file');
    return undefined;
  }

  async #walk(folder: string, files: string[], depth: number): Promise<void> {
    if (depth > 16) return;
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (files.length >= maxFiles) return;
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && !skippedFolders.has(entry.name) && !entry.name.startsWith('.')) {
        this.touched.push(full);
        await this.#walk(full, files, depth + 1);
      } else if (entry.isFile() && isProtoText(entry.name)) files.push(full);
    }
  }

  async #source(file: string): Promise<ProtoSource | null> {
    this.touched.push(file);
    try {
      const { size } = await stat(file);
      if (size <= maxFileBytes) return { name: file, bytes: await readFile(file) };
      this.#unreadable(file, `it is ${(size / 1e6).toFixed(1)} MB long; the limit is ${maxFileBytes / 1e6} MB`);
    } catch (error) {
      this.#unreadable(file, reasonOf(error as NodeJS.ErrnoException));
    }
    return null;
  }

  /** As protoc looks along its include paths: the folders given, the mesh file's, and those above the importing file. */
  async #find(wanted: string, from: string): Promise<ProtoSource | null> {
    const folders = [...this.#includes];
    for (let at = path.dirname(from), n = 0; n < maxAncestors; at = path.dirname(at), n++) {
      folders.push(at);
      if (at === this.#folder || at === path.dirname(at)) break;
    }
    for (const folder of new Set(folders)) {
      const file = path.join(folder, wanted);
      const info = await stat(file).catch(() => null);
      if (info?.isFile()) return this.#source(file);
    }
    return null;
  }

  #unreadable(file: string, reason: string): void {
    const suggestion = path.isAbsolute(file) ? 'Correct the path.' : `The path counts from ${this.#folder}.`;
    this.#problems.push({
      code: 'DD1010',
      message: `${file} cannot be read: ${reason}.`,
      suggestion,
      file: null,
      line: null,
    });
  }
}

async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      const info = await stat(file).catch(() => null);
      return info === null ? '-' : `${info.mtimeMs}/${info.size}/${info.ino}`;
    }),
  );
  return stamps.join();
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such file or folder';
  if (error.code === 'EACCES') return 'permission denied';
  if (error.code === undefined) throw error;
  return error.code;
}

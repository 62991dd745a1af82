import { type FSWatcher, statSync, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Timer } from '../shared/clock.ts';

const debounceMs = 150;
const configFile = /\.(ya?ml|json)$/i;

/**
 * Tells when config files change. Folders are watched rather than files, because editors save by writing another file and renaming it; a
 * burst of changes is one call, a little after the last of them. Symbolic links are followed: their targets' folders are watched too.
 */
export class FileWatcher {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #names = new Set<string>();
  #folders: string[] = [];
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: { clock: Clock; onChange: () => void }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
  }

  /** `given`: the paths the user named; `files`: the files they led to. */
  async watch(given: readonly string[], files: readonly string[]): Promise<void> {
    const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
    const all = [...new Set([...files, ...real, ...given.map((one) => path.resolve(one))])];
    this.#folders = given.map((one) => path.resolve(one)).filter(isFolder);
    this.#names = new Set(all);
    const wanted = new Set([
      ...all.filter((file) => !this.#folders.includes(file)).map((file) => path.dirname(file)),
      ...this.#folders,
    ]);
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) if (!this.#closed && !this.#watchers.has(folder)) this.#add(folder);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(folder: string): void {
    try {
      const watcher = watch(folder, { recursive: this.#folders.includes(folder) }, (_event, name) => this.#seen(folder, name));
      watcher.on('error', () => watcher.close());
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder is gone: what was loaded from it goes on, and applying still works by hand.
    }
  }

  #seen(folder: string, name: string | null): void {
    const file = name === null ? null : path.join(folder, name);
    const ours = file === null || this.#names.has(file) || (this.#isBelowGiven(file) && configFile.test(file));
    if (!ours || this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(this.#onChange, debounceMs);
  }

  #isBelowGiven(file: string): boolean {
    return this.#folders.some((folder) => file.startsWith(folder + path.sep));
  }
}

function isFolder(one: string): boolean {
  return statSync(one, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

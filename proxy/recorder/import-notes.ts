import type { ImportNote } from '../api/recording.schema.ts';

/** What an import could not take over, or took over in another way than it stood there; at most so many, so that a report stays readable. */
const maxNotes = 500;

export class ImportNotes {
  readonly #notes: ImportNote[] = [];
  #left = 0;

  /** `entry` is what the file has many of: `pair 3`, `entry 12`; '' speaks of the whole file. `field` is a path in it. */
  add(entry: string, field: string, message: string): void {
    if (this.#notes.some((note) => note.entry === entry && note.field === field && note.message === message)) return;
    if (this.#notes.length < maxNotes) this.#notes.push({ entry, field, message });
    else this.#left++;
  }

  list(): ImportNote[] {
    if (this.#left === 0) return this.#notes;
    return [...this.#notes, { entry: '', field: '', message: `and ${this.#left} more notes` }];
  }
}

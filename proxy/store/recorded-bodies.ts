import { hash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';

/** 32 bytes. */
export function sha256(content: Uint8Array): Buffer {
  return hash('sha256', content, 'buffer');
}

/** Bodies of recorded exchanges, each kept once, whatever number of exchanges and recordings has it. Found by SHA-256. */
export class RecordedBodies {
  readonly #find: Statement<[Buffer], number>;
  readonly #insert: Statement<[Buffer, Buffer]>;
  readonly #sweep: Statement<[]>;

  constructor(database: Database) {
    this.#find = database.prepare<[Buffer], number>('SELECT id FROM recorded_bodies WHERE hash = ?').pluck();
    this.#insert = database.prepare<[Buffer, Buffer]>('INSERT INTO recorded_bodies (hash, content) VALUES (?, ?)');
    this.#sweep = database.prepare<[]>(
      `DELETE FROM recorded_bodies WHERE id NOT IN (
         SELECT request_body FROM recorded_details WHERE request_body IS NOT NULL
         UNION ALL SELECT response_body FROM recorded_details WHERE response_body IS NOT NULL)`,
    );
  }

  /** Its id; null for no body. Inside the caller's transaction. */
  keep(content: Buffer | null): number | null {
    if (content === null) return null;
    const digest = sha256(content);
    return this.#find.get(digest) ?? Number(this.#insert.run(digest, content).lastInsertRowid);
  }

  /** Removes what no exchange of any recording has any more. */
  sweep(): void {
    this.#sweep.run();
  }
}

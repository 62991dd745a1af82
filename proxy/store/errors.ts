import Database from 'better-sqlite3';
import { messageOf } from '../shared/message-of.ts';

/** What a failed operation means: `disk` may pass (full, I/O error, read only), `busy` is another process, `corrupt` is the file. */
export type FailureKind = 'disk' | 'busy' | 'corrupt' | 'internal';

/** Extended SQLite result codes (https://www.sqlite.org/rescode.html) and the file system's own, sorted by what we do about them. */
export function classifyError(error: unknown): FailureKind {
  const code = codeOf(error);
  if (/^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|PERM|AUTH|NOMEM)/.test(code)) return 'disk';
  if (/^(ENOSPC|EIO|EROFS|EACCES|EPERM|EDQUOT|EMFILE|ENFILE|ENOTDIR|EISDIR)$/.test(code)) return 'disk';
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return 'busy';
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(code)) return 'corrupt';
  return 'internal';
}

export function describeError(error: unknown): string {
  const code = codeOf(error);
  const message = messageOf(error);
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}

/** After an I/O error the connection's idea of the log may be wrong: close it and open again, which recovers from the files. */
export function needsReopen(error: unknown): boolean {
  return /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  if (error instanceof Database.SqliteError) return error.code;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

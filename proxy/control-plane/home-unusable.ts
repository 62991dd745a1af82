import type { Diagnostic } from '../api/diagnostic.schema.ts';

const causes: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
  ENOTDIR: 'a part of it is a file, not a folder',
  EEXIST: 'it is a file, not a folder',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'its path is longer than the system takes',
};

/** The home folder, or a file in it, cannot be read or written: place, cause and remedy. */
export class HomeUnusable extends Error {
  override name = 'HomeUnusable';
  readonly diagnostics: Diagnostic[];

  constructor(message: string, suggestion: string) {
    super(message);
    this.diagnostics = [{ severity: 'error', code: 'DD1208', message, suggestion }];
  }
}

/** What is open takes all that this process may open. */
class TooManyFiles extends Error {
  override name = 'TooManyFiles';
  readonly diagnostics: Diagnostic[];

  constructor(reason: string) {
    super(`The engine may not open as many files and connections as it needs: ${reason}`);
    const suggestion = 'Raise the limit, e.g. with `ulimit -n 4096` in the shell that starts it';
    this.diagnostics = [{ severity: 'error', code: 'DD1209', message: this.message, suggestion }];
  }
}

/** An error of the file system as HomeUnusable, a limit on open files as what to do about it; any other error as it is. */
export function explainHomeError(home: string, error: unknown): unknown {
  const { code = '', path: place, message } = error as NodeJS.ErrnoException;
  if (/\bE[MN]FILE\b/.test(message)) return new TooManyFiles(message);
  const cause = causes[code];
  if (!(error instanceof Error) || cause === undefined) return error;
  const where = place === undefined || place === home ? '' : `, at ${place}`;
  const room = code === 'ENOSPC' || code === 'EDQUOT' ? 'Free some space, or name' : 'Name';
  return new HomeUnusable(
    `The home folder ${home} cannot be used: ${cause} (${code}${where})`,
    `${room} another one with --home DIR or DRYDOCK_HOME`,
  );
}

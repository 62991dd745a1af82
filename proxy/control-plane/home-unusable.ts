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
  EMFILE: 'this process has too many open files (ulimit -n)',
  ENFILE: 'the system has too many open files',
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

/** An error of the file system as HomeUnusable; any other error as it is. */
export function explainHomeError(home: string, error: unknown): unknown {
  const { code = '', path: place } = error as NodeJS.ErrnoException;
  const cause = causes[code];
  if (!(error instanceof Error) || cause === undefined) return error;
  const where = place === undefined || place === home ? '' : `, at ${place}`;
  const room = code === 'ENOSPC' || code === 'EDQUOT' ? 'Free some space, or name' : 'Name';
  return new HomeUnusable(
    `The home folder ${home} cannot be used: ${cause} (${code}${where})`,
    `${room} another one with --home DIR or DRYDOCK_HOME`,
  );
}

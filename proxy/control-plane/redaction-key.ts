import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const bytes = 32;

/**
 * The key that redaction hashes secrets with: equal secrets look equal in a recording and cannot be guessed back. Made once per home, mode
 * 0600; a damaged one is replaced, which only means that old and new recordings no longer compare.
 */
export async function openRedactionKey(home: string): Promise<Buffer> {
  const file = path.join(home, 'redaction.key');
  const kept = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (kept?.length === bytes) return kept;
  const made = randomBytes(bytes);
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const KEY_BYTES = 32;

/** The key of this home's redaction hashes: 32 random bytes in `<home>/redaction.key`, 0600, made on the first start. */
export async function openRedactionKey(home: string): Promise<Buffer> {
  const file = path.join(home, 'redaction.key');
  const known = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (known !== null && known.length === KEY_BYTES) return known;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES);
  await writeFile(file, key, { mode: 0o600 });
  return key;
}

import { isUtf8 } from 'node:buffer';
import type { Stub } from './stub.ts';
import { Untakeable } from './untakeable.ts';

/** A body that lies in a file beside the stubs, such as a ZIP has them. Throws Untakeable when it did not come along. */
export function fileBody(name: string, files: ReadonlyMap<string, Buffer>, field: string): Stub['answer']['body'] {
  const bytes = files.get(name.replace(/^\.?\//, ''));
  if (bytes === undefined) throw new Untakeable(field, `the body is in the file ${name}, which did not come along`);
  return isUtf8(bytes)
    ? { encoding: 'utf8', content: bytes.toString('utf8') }
    : { encoding: 'base64', content: bytes.toString('base64') };
}

import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { makeFolder, realClock } from '../../store/fixtures.ts';
import { Store } from '../../store/store.ts';
import { Recorder } from '../recorder.ts';
import { RecordingImporter } from '../recording-importer.ts';
import { Redactor } from '../redact.ts';

/** For tests: a store in a folder of its own, with a recorder and an importer on it. */
export class ImportBench {
  readonly store: Store;
  readonly recorder: Recorder;
  readonly importer: RecordingImporter;
  readonly #folder: ReturnType<typeof makeFolder>;

  private constructor(folder: ReturnType<typeof makeFolder>, store: Store) {
    let n = 0;
    const redactor = new Redactor({ key: Buffer.alloc(32, 1) });
    const options = { store, clock: realClock, redactor, random: () => (n++ % 1000) / 1000 };
    this.#folder = folder;
    this.store = store;
    this.recorder = new Recorder(options);
    this.importer = new RecordingImporter({ ...options, recorder: this.recorder });
  }

  static async open(): Promise<ImportBench> {
    const folder = makeFolder();
    return new ImportBench(folder, await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock }));
  }

  async record(name: string, exchanges: readonly ExchangeDetail[]): Promise<void> {
    const started = await this.recorder.start({ name });
    if (!started.ok) throw new Error(started.message);
    this.recorder.offer(exchanges);
    await this.recorder.stop(name);
  }

  /** What came of a document, and its notes as one line each. */
  async imported(document: unknown, name?: string) {
    const result = await this.importer.importDocument(JSON.parse(JSON.stringify(document)), name);
    if (!result.ok) throw new Error(result.message);
    const { exchanges } = (await this.recorder.exchanges(result.value.id, {}))!;
    const notes = result.value.notes.map(({ entry, field, message }) => `${entry} ${field}: ${message}`);
    return { recording: result.value, exchanges, notes };
  }

  async close(): Promise<void> {
    await this.store.close();
    this.#folder.remove();
  }
}

export const harOf = (entries: unknown[], creator = 'test') => ({
  log: { version: '1.2', creator: { name: creator, version: '1' }, entries },
});

/** A recording's HAR, read again. */
export async function exportedHar(
  recorder: Recorder,
  idOrName: string,
): Promise<{ log: { entries: Record<string, unknown>[] } }> {
  const exported = await recorder.exportHar(idOrName);
  if (exported === null) throw new Error(`there is no recording ${idOrName}`);
  return parsed(exported.bytes);
}

export async function parsed(bytes: AsyncIterable<Uint8Array>): Promise<{ log: { entries: Record<string, unknown>[] } }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

export async function* fileOf(content: string | Buffer): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

/** As PKWARE's APPNOTE lays it out: local headers with contents, the central directory, its end. */
export function makeZip(files: { name: string; content: Buffer; deflate: boolean }[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate } of files) {
    const packed = deflate ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, tail, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end]);
}

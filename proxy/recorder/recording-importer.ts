import type { ImportedRecording, Recording } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { AnnotatedExchange, NewRecording, StoreResult } from '../store/store-types.ts';
import type { AttachedFiles } from './har/read-entry.ts';
import { readHar } from './har/read-har.ts';
import { isZip, unzip } from './har/unzip.ts';
import { ImportNotes } from './import-notes.ts';
import { importRecordingFile } from './import-recording-file.ts';
import { objectOf } from './read-json.ts';
import type { Recorder } from './recorder.ts';
import { makeRecordingId } from './recording-id.ts';
import type { Redactor } from './redact.ts';
import { detectFormat, wireMockMappings } from './stubs/detect-format.ts';
import { readHoverfly } from './stubs/read-hoverfly.ts';
import { readWireMock } from './stubs/read-wiremock.ts';
import { redactStubs } from './stubs/redact-stubs.ts';
import type { Stubs } from './stubs/stub.ts';

export interface RecordingImporterOptions {
  store: Store;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
  redactor: Redactor;
  /** Keeps the stubs, and tells what was made. */
  recorder: Recorder;
}

type Imported = StoreResult<ImportedRecording>;

const page = 1000;
const maxFileBytes = 256 * 1024 * 1024;

/** Makes recordings from what other tools write: HARs (also zipped), Hoverfly simulations, WireMock mappings. Redacted like traffic. */
export class RecordingImporter {
  readonly #options: RecordingImporterOptions;

  constructor(options: RecordingImporterOptions) {
    this.#options = options;
  }

  /** A file of any kind that can be imported, told by how it begins. `invalid` with words when it is none. */
  async importFile(bytes: AsyncIterable<Uint8Array>, name?: string): Promise<Imported> {
    const { first, all } = await peek(bytes);
    if ((first[0] === 0x1f && first[1] === 0x8b) || first.toString('latin1').startsWith('{"drydock":"recording"'))
      return this.#importOwn(all, name);
    const whole = await collect(all);
    if (whole === null) return invalid(`The file has more than ${maxFileBytes / 1024 / 1024} MiB`);
    if (isZip(whole)) return this.#importZip(whole, name);
    const document = parseJson(whole);
    return typeof document === 'string' ? invalid(document) : this.importDocument(document.value, name);
  }

  /** A HAR, a simulation or mappings, told by its shape. */
  async importDocument(document: unknown, name?: string, attached: AttachedFiles = new Map()): Promise<Imported> {
    switch (detectFormat(document)) {
      case 'har':
        return this.#importHar(document, name, attached);
      case 'hoverfly': {
        const read = readHoverfly(objectOf(document)!, attached);
        return typeof read === 'string' ? invalid(read) : this.#importStubs(read.stubs, read.notes, 'Hoverfly', name);
      }
      case 'wiremock': {
        const { stubs, notes } = readWireMock(wireMockMappings(document)!, attached);
        return this.#importStubs(stubs, notes, 'WireMock', name);
      }
      default:
        return invalid('This is no HAR, no Hoverfly simulation and no WireMock mapping');
    }
  }

  async #importOwn(bytes: AsyncIterable<Uint8Array>, name: string | undefined): Promise<Imported> {
    const { recorder, store, redactor, clock, random } = this.#options;
    const result = await importRecordingFile({ store, stubs: recorder.stubs, redactor, clock, random }, bytes, name);
    if (!result.ok) return result;
    return withNotes({ ok: true, value: (await recorder.get(result.value.id)) ?? result.value }, new ImportNotes());
  }

  /** A zipped HAR (Playwright's) has one .har and the bodies beside it; WireMock's folder has `mappings` and `__files`. */
  async #importZip(bytes: Buffer, name: string | undefined): Promise<Imported> {
    const files = unzip(bytes);
    if (typeof files === 'string') return invalid(files);
    const names = [...files.keys()];
    const hars = names.filter((file) => file.endsWith('.har'));
    const jsons = names.filter((file) => file.endsWith('.json') && !file.includes('__files/'));
    if (hars.length !== 1 && jsons.length === 0) return invalid(`The ZIP has ${hars.length} .har files: one is expected`);
    const chosen = hars.length === 1 ? hars : jsons;
    const documents: unknown[] = [];
    for (const file of chosen) {
      const document = parseJson(files.get(file)!);
      if (typeof document === 'string') return invalid(`${file} in the ZIP: ${document}`);
      documents.push(document.value);
    }
    const beside = new Map([...files].map(([file, content]) => [besideName(file, chosen[0]!), content]));
    const mappings = documents.map(wireMockMappings);
    const all = mappings.every((one) => one !== null) ? { mappings: mappings.flat() } : documents[0];
    if (documents.length > 1 && all === documents[0])
      return invalid('The ZIP has several documents, and not all are WireMock mappings');
    return this.importDocument(all, name, beside);
  }

  async #importHar(har: unknown, name: string | undefined, attached: AttachedFiles): Promise<Imported> {
    const { clock, random, redactor } = this.#options;
    const base = makeRecordingId(clock, random);
    const read = readHar(har, (index) => `${base}${String(index).padStart(7, '0')}`, attached);
    if (typeof read === 'string') return invalid(read);
    const now = new Date(clock.wallNow()).toISOString();
    const { filter, note, exchanges, notes, skipped } = read;
    return this.#keep({
      recording: { name: name ?? read.name, filter, startedAt: read.startedAt ?? now, note, origin: 'imported from a HAR' },
      exchanges: exchanges.map((one): AnnotatedExchange => ({ ...one, ...redactor.redactOne(one) })),
      stubs: read.stubs,
      ...{ stoppedAt: read.stoppedAt ?? now, skipped, notes },
    });
  }

  #importStubs(stubs: Stubs, notes: ImportNotes, tool: string, name: string | undefined): Promise<Imported> | Imported {
    if (stubs.stubs.length === 0) {
      const [first] = notes.list();
      return invalid(
        `Nothing of these ${tool} stubs can be taken over${first ? `: ${first.entry} ${first.field} ${first.message}` : ''}`,
      );
    }
    const now = new Date(this.#options.clock.wallNow()).toISOString();
    return this.#keep({
      recording: { name: name ?? `${tool} stubs`, filter: {}, startedAt: now, origin: `imported from ${tool}` },
      ...{ exchanges: [], stubs, stoppedAt: now, skipped: 0, notes },
    });
  }

  async #keep(given: {
    recording: Omit<NewRecording, 'id'>;
    exchanges: readonly AnnotatedExchange[];
    stubs: Stubs | null;
    stoppedAt: string;
    skipped: number;
    notes: ImportNotes;
  }): Promise<Imported> {
    const { store, clock, random, redactor, recorder } = this.#options;
    const id = makeRecordingId(clock, random);
    // Out of sight until all of it is there.
    const created = await store.createRecording({ ...given.recording, id, hiddenSince: clock.wallNow() });
    if (!created.ok) return created;
    for (let i = 0; i < given.exchanges.length; i += page) {
      const appended = await store.appendToRecording(id, given.exchanges.slice(i, i + page));
      if (!appended.ok) return appended;
    }
    if (given.stubs !== null) {
      const kept = await recorder.stubs.put(id, redactStubs(given.stubs, redactor));
      if (!kept.ok) return kept;
    }
    const stopped = await store.stopRecording({ id, stoppedAt: given.stoppedAt, dropped: given.skipped });
    if (!stopped.ok) return stopped;
    const recording = await recorder.get(id);
    return withNotes({ ok: true, value: recording ?? stopped.value }, given.notes);
  }
}

/** As a document names the file: below `__files`, or from the folder the document is in. */
function besideName(file: string, document: string): string {
  const [, inFiles] = /(?:^|\/)__files\/(.+)$/.exec(file) ?? [];
  const folder = document.slice(0, document.lastIndexOf('/') + 1);
  return inFiles ?? (file.startsWith(folder) ? file.slice(folder.length) : file);
}

const invalid = (message: string): Imported => ({ ok: false, code: 'invalid', message });

function withNotes(result: StoreResult<Recording>, notes: ImportNotes): Imported {
  return result.ok ? { ok: true, value: { ...result.value, notes: notes.list() } } : result;
}

/** The first bytes, and everything with them. */
async function peek(bytes: AsyncIterable<Uint8Array>): Promise<{ first: Buffer; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  for (let length = 0; length < 32; ) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    read.push(Buffer.from(value));
    length += value.length;
  }
  const first = Buffer.concat(read);
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { first, all: all() };
}

/** Null: it is too long. */
async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > maxFileBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Some tools begin a file with a byte order mark. */
function parseJson(bytes: Buffer): { value: unknown } | string {
  try {
    return { value: JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')) };
  } catch (error) {
    return `It is no JSON: ${(error as Error).message}`;
  }
}

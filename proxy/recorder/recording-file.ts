import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { exchangeDetailSchema } from '../api/exchange.schema.ts';
import { annotationSchema, type Recording, recordingFilterSchema } from '../api/recording.schema.ts';
import type { AnnotatedExchange } from '../store/store-types.ts';
import { type Stubs, stubsSchema } from './stubs/stub.ts';

/*
 * A recording as one file, `NAME.drydock-recording`: JSON lines in gzip, so that it is written and read without being held in memory, `zcat | jq`
 * reads it, and a cut-off copy is recognised. docs/recording-file.md describes it.
 *
 *   {"drydock":"recording","version":1,"recording":{…}}      what it is
 *   {…}                                                      one exchange a line, oldest first, with its mark
 *   {"end":true,"exchanges":2}                               it is whole
 */

const version = 1;
/** Two captured bodies in base64 and everything around them. */
const maxLineBytes = 64 * 1024 * 1024;
const pageSize = 500;

const headSchema = z.object({
  drydock: z.literal('recording'),
  version: z.number().int(),
  recording: z.object({
    name: z.string().min(1),
    note: z.string().default(''),
    origin: z.string().default(''),
    filter: recordingFilterSchema.default({}),
    startedAt: z.string(),
    stoppedAt: z.string().nullable().default(null),
    stopReason: z.string().default(''),
    dropped: z.number().int().default(0),
    /** Imported stubs, which lie beside the recording. */
    stubs: stubsSchema.optional(),
  }),
});
export type RecordingFileHead = z.infer<typeof headSchema>['recording'];
const lineSchema = exchangeDetailSchema.extend({ annotation: annotationSchema.optional() });
const endSchema = z.object({ end: z.literal(true), exchanges: z.number().int() });

export type RecordingFilePart =
  | { type: 'head'; recording: RecordingFileHead }
  | { type: 'exchanges'; exchanges: AnnotatedExchange[] };

/** What is wrong with a file, for a person. */
export class RecordingFileError extends Error {
  override name = 'RecordingFileError';
}

export function writeRecordingFile(
  recording: Recording,
  exchanges: AsyncIterable<AnnotatedExchange>,
  stubs: Stubs | null = null,
): AsyncIterable<Uint8Array> {
  const gzip = createGzip();
  // A reader that went away destroys the gzip; what it was fed from ends with it.
  pipeline(Readable.from(writeLines(recording, exchanges, stubs)), gzip, () => {});
  return gzip;
}

async function* writeLines(
  recording: Recording,
  exchanges: AsyncIterable<AnnotatedExchange>,
  stubs: Stubs | null,
): AsyncGenerator<string> {
  const { name, note, origin, filter, startedAt, stoppedAt, stopReason, dropped } = recording;
  const head = { name, note, origin, filter, startedAt, stoppedAt, stopReason, dropped, ...(stubs === null ? {} : { stubs }) };
  yield `${JSON.stringify({ drydock: 'recording', version, recording: head })}\n`;
  let count = 0;
  for await (const exchange of exchanges) {
    count++;
    yield `${JSON.stringify(exchange)}\n`;
  }
  yield `${JSON.stringify({ end: true, exchanges: count })}\n`;
}

/** The head, then the exchanges a page at a time. Throws RecordingFileError when it is no such file, a newer one, or not whole. */
export async function* readRecordingFile(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<RecordingFilePart, void, void> {
  let number = 0;
  let count = 0;
  let ended = false;
  let page: AnnotatedExchange[] = [];
  for await (const line of readLines(bytes)) {
    number++;
    const value = parseLine(line, number);
    if (number === 1) {
      yield { type: 'head', recording: readHead(value) };
      continue;
    }
    const end = endSchema.safeParse(value);
    if (end.success) {
      if (end.data.exchanges !== count)
        throw new RecordingFileError(`The file says it has ${end.data.exchanges} exchanges, and has ${count}`);
      ended = true;
      break;
    }
    const exchange = lineSchema.safeParse(value);
    if (!exchange.success) {
      const [issue] = exchange.error.issues;
      throw new RecordingFileError(`Line ${number} is no exchange: ${issue?.path.join('.')} ${issue?.message}`);
    }
    count++;
    page.push(exchange.data as AnnotatedExchange);
    if (page.length < pageSize) continue;
    yield { type: 'exchanges', exchanges: page };
    page = [];
  }
  if (number === 0) throw new RecordingFileError('The file is empty');
  if (!ended) throw new RecordingFileError(`The file is cut off after ${count} exchanges; nothing was kept of it`);
  if (page.length > 0) yield { type: 'exchanges', exchanges: page };
}

function readHead(value: unknown): RecordingFileHead {
  const head = headSchema.safeParse(value);
  if (!head.success) throw new RecordingFileError('This is not a recording of Drydock: its first line says something else');
  if (head.data.version > version)
    throw new RecordingFileError(
      `The file was written by a newer Drydock (format ${head.data.version}, this one knows ${version})`,
    );
  return head.data.recording;
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RecordingFileError(number === 1 ? 'This is not a recording of Drydock' : `Line ${number} is not JSON`);
  }
}

/** Lines of text, unzipped where it is zipped. */
async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let held = 0;
  for await (const chunk of unzipped(bytes)) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)]);
      from = at + 1;
      rest = [];
      held = 0;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    held += chunk.length - from;
    if (held > maxLineBytes) throw new RecordingFileError(`A line of the file is longer than ${maxLineBytes} bytes`);
  }
  if (held > 0) yield Buffer.concat(rest).toString('utf8');
}

async function* unzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const source = Readable.from(bytes);
  const reader = source[Symbol.asyncIterator]();
  const first = await reader.next();
  if (first.done) return;
  const all = (async function* () {
    yield first.value as Buffer;
    for (let next = await reader.next(); !next.done; next = await reader.next()) yield next.value as Buffer;
  })();
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    for await (const chunk of all) yield Buffer.from(chunk);
    return;
  }
  const gunzip = createGunzip();
  pipeline(Readable.from(all), gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw new RecordingFileError(`The file cannot be unzipped: ${(error as Error).message}`);
  }
}

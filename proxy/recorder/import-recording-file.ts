import type { Recording } from '../api/recording.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { AnnotatedExchange, StoreResult } from '../store/store-types.ts';
import { RecordingFileError, readRecordingFile } from './recording-file.ts';
import { makeRecordingId } from './recording-id.ts';
import type { Redactor } from './redact.ts';
import { redactStubs } from './stubs/redact-stubs.ts';
import type { StubStore } from './stubs/stub-store.ts';

export interface FileImport {
  store: Store;
  stubs: StubStore;
  redactor: Redactor;
  clock: Clock;
  /** Uniform [0,1); ids. */
  random: () => number;
}

/** The recording of a file of ours, redacted like traffic. `invalid` with words when it is not one, or not whole: then nothing is kept. */
export async function importRecordingFile(
  to: FileImport,
  bytes: AsyncIterable<Uint8Array>,
  name?: string,
): Promise<StoreResult<Recording>> {
  const id = makeRecordingId(to.clock, to.random);
  try {
    return await takeFile(to, id, bytes, name);
  } catch (error) {
    // A connection that broke while the file came in ends here too.
    await to.store.hideRecording(id, 0);
    await to.store.purgeRecordings(1);
    if (error instanceof RecordingFileError) return { ok: false, code: 'invalid', message: error.message };
    throw error;
  }
}

async function takeFile(
  { store, stubs: kept, redactor, clock }: FileImport,
  id: string,
  bytes: AsyncIterable<Uint8Array>,
  name: string | undefined,
): Promise<StoreResult<Recording>> {
  let end = { stoppedAt: '', dropped: 0, reason: '' };
  for await (const part of readRecordingFile(bytes)) {
    if (part.type === 'head') {
      const { startedAt, stoppedAt, dropped, stopReason, origin, stubs, ...head } = part.recording;
      end = { stoppedAt: stoppedAt ?? startedAt, dropped, reason: stopReason };
      const from =
        origin === '' ? 'imported from a file' : `imported from a file, ${origin.replace(/^imported from a file, /, '')}`;
      const made = { ...head, id, startedAt, origin: from, hiddenSince: clock.wallNow() };
      const created = await store.createRecording(name === undefined ? made : { ...made, name });
      if (!created.ok) return created;
      if (stubs !== undefined) await kept.put(id, redactStubs(stubs, redactor));
      continue;
    }
    const exchanges = part.exchanges.map((one): AnnotatedExchange => ({ ...one, ...redactor.redactOne(one) }));
    const appended = await store.appendToRecording(id, exchanges);
    if (!appended.ok) {
      await store.purgeRecordings(clock.wallNow() + 1);
      return appended;
    }
  }
  return store.stopRecording({ id, ...end });
}

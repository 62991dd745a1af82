import { z } from 'zod';
import { exchangeDetailSchema } from '../../api/exchange.schema.ts';
import { annotationSchema, type RecordingFilter, recordingFilterSchema } from '../../api/recording.schema.ts';
import type { AnnotatedExchange } from '../../store/store-types.ts';
import { ImportNotes } from '../import-notes.ts';
import { type JsonObject, objectOf, stringOf } from '../read-json.ts';
import { type Stubs, stubsSchema } from '../stubs/stub.ts';
import { type AttachedFiles, readEntry } from './read-entry.ts';

export interface ReadHar {
  name: string;
  note: string;
  filter: RecordingFilter;
  startedAt: string | null;
  stoppedAt: string | null;
  /** Oldest first. */
  exchanges: AnnotatedExchange[];
  stubs: Stubs | null;
  skipped: number;
  notes: ImportNotes;
}

const ownEntrySchema = exchangeDetailSchema.extend({ annotation: annotationSchema.optional() });

/**
 * A HAR, or a sentence that says why it is none. Reading is lenient: what is strange is told and none of it is fatal, entries that cannot be read
 * are counted. Our own exports keep their ids; every other exchange gets one in order of time, so that a file that says the same id twice loses
 * nothing.
 */
export function readHar(har: unknown, newId: (index: number) => string, attached: AttachedFiles = new Map()): ReadHar | string {
  const log = objectOf(objectOf(har)?.log);
  if (log === null) return 'This is not a HAR: it has no log';
  if (!Array.isArray(log.entries)) return 'This is not a HAR: log.entries is not a list';
  const notes = new ImportNotes();
  const exchanges: AnnotatedExchange[] = [];
  let own = 0;
  for (const [i, entry] of log.entries.entries()) {
    const kept = readOwn(objectOf(entry));
    if (kept !== null) own++;
    const exchange = kept ?? readEntry(objectOf(entry), `entry ${i + 1}`, notes, attached);
    if (exchange !== null) exchanges.push(exchange);
  }
  const isSorted = exchanges.every((exchange, i) => i === 0 || exchanges[i - 1]!.time <= exchange.time);
  if (!isSorted) notes.add('', 'log.entries', 'were not in order of time: they are now');
  exchanges.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  if (own < exchanges.length || !hasOwnIds(exchanges)) {
    for (const [i, exchange] of exchanges.entries()) exchange.id = newId(i);
  }
  const head = objectOf(log._drydock) ?? {};
  const creator = stringOf(objectOf(log.creator)?.name) || stringOf(objectOf(log.browser)?.name);
  return {
    ...{ name: stringOf(head.name) || `imported from ${creator || 'HAR'}`, note: stringOf(head.note), ...readHead(head, notes) },
    ...{ exchanges, skipped: log.entries.length - exchanges.length, notes },
  };
}

function hasOwnIds(exchanges: readonly AnnotatedExchange[]): boolean {
  const ids = new Set(exchanges.map(({ id }) => id));
  return ids.size === exchanges.length && [...ids].every((id) => /^[\w-]{1,64}$/.test(id));
}

function readOwn(entry: JsonObject | null): AnnotatedExchange | null {
  if (entry?._drydock === undefined) return null;
  const own = ownEntrySchema.safeParse(entry._drydock);
  return own.success && !Number.isNaN(Date.parse(own.data.time)) ? own.data : null;
}

function readHead(head: JsonObject, notes: ImportNotes): Pick<ReadHar, 'filter' | 'startedAt' | 'stoppedAt' | 'stubs'> {
  const time = (value: unknown) => (Number.isNaN(Date.parse(stringOf(value))) ? null : stringOf(value));
  const filter = recordingFilterSchema.safeParse(head.filter ?? {});
  const stubs = head.stubs === undefined ? null : stubsSchema.safeParse(head.stubs);
  if (stubs && !stubs.success)
    notes.add('', 'log._drydock.stubs', `cannot be read: ${z.prettifyError(stubs.error).slice(0, 200)}`);
  return {
    ...{ filter: filter.success ? filter.data : {}, startedAt: time(head.startedAt), stoppedAt: time(head.stoppedAt) },
    stubs: stubs?.success ? stubs.data : null,
  };
}

import type { LogRecord } from '../api/log.schema.ts';
import type { MeshEvent, Span } from '../api/observability.schema.ts';
import type { Annotation, RecordedRowFilter } from '../api/recording.schema.ts';
import type { Replay } from '../api/replay.schema.ts';
import type { ScenarioRun } from '../api/scenario.schema.ts';
import { AppLogOperations } from './app-log-operations.ts';
import { AppSpanOperations } from './app-span-operations.ts';
import type { FilterFields } from './exchange-filter.ts';
import { ExchangeOperations } from './exchange-operations.ts';
import type { EncodedExchange } from './exchange-row.ts';
import type { OpenedDatabase } from './open-database.ts';
import { RecordOperations } from './record-operations.ts';
import type { CopyStep, EncodedRecorded } from './recorded-exchanges.ts';
import { RecordingOperations } from './recording-operations.ts';
import { ReplayOperations } from './replay-operations.ts';
import { ScenarioRunOperations } from './scenario-run-operations.ts';
import type { EventQuery, NewRecording, RecordingChange, ResourceChange, StopRecording, StoreLimits } from './store-types.ts';

/** Everything the worker can be asked, by name. The client's calls are typed by this table. */
export function createOperations(database: OpenedDatabase, limits: StoreLimits) {
  const exchanges = new ExchangeOperations(database, limits);
  const recordings = new RecordingOperations(database);
  const replays = new ReplayOperations(database, limits.maxReplays);
  const records = new RecordOperations(database, limits);
  const appSpans = new AppSpanOperations(database, limits);
  const logs = new AppLogOperations(database, limits);
  const scenarioRuns = new ScenarioRunOperations(database);
  return {
    insertExchanges: (batch: readonly EncodedExchange[]) => exchanges.insert(batch),
    queryExchanges: (filter: FilterFields, before: string | undefined, limit: number) => exchanges.query(filter, before, limit),
    getExchange: (id: string) => exchanges.get(id),
    exchangesOfTrace: (traceId: string, limit: number) => exchanges.ofTrace(traceId, limit),
    traceGroups: (before: string | undefined, limit: number) => exchanges.traceGroups(before, limit),
    usage: () => exchanges.usage(),

    lastEventId: () => records.lastEventId(),
    insertEvents: (events: readonly MeshEvent[]) => records.insertEvents(events),
    listEvents: (query: EventQuery) => records.listEvents(query),
    insertAppSpans: (spans: readonly Span[]) => appSpans.insert(spans),
    appSpansOfTrace: (traceId: string) => appSpans.ofTrace(traceId),
    appTraceGroups: (before: string | undefined, limit: number) => appSpans.groups(before, limit),
    appSpanCounts: (traceIds: readonly string[]) => appSpans.counts(traceIds),
    insertAppLogs: (batch: readonly LogRecord[]) => logs.insert(batch),
    appLogsOfTrace: (traceId: string) => logs.ofTrace(traceId),

    closeInterrupted: (now: string) => {
      recordings.closeInterrupted(now);
      scenarioRuns.closeInterrupted(now);
      replays.closeInterrupted(now);
    },
    createRecording: (recording: NewRecording) => recordings.create(recording),
    appendToRecording: (id: string, batch: readonly EncodedRecorded[]) => recordings.append(id, batch),
    stopRecording: (stop: StopRecording) => recordings.stop(stop),
    listRecordings: () => recordings.list(),
    getRecording: (idOrName: string) => recordings.get(idOrName),
    recordedExchanges: (id: string, after: string | undefined, limit: number) => recordings.exchanges(id, after, limit),
    recordedExchange: (id: string, exchangeId: string) => recordings.exchange(id, exchangeId),
    recordedRows: (id: string, filter: RecordedRowFilter, offset: number, limit: number) =>
      recordings.rows(id, filter, offset, limit),
    recordingTimeline: (id: string, slices: number) => recordings.timeline(id, slices),
    editRecording: (id: string, change: RecordingChange) => recordings.edit(id, change),
    annotateRecorded: (id: string, exchangeIds: readonly string[], annotation: Annotation | null) =>
      recordings.annotate(id, exchangeIds, annotation),
    copyRecorded: (step: Omit<CopyStep, 'limit'>) => recordings.copy(step),
    hideRecording: (id: string, now: number) => recordings.hide(id, now),
    unhideRecording: (id: string) => recordings.unhide(id),
    purgeRecordings: (until: number) => recordings.purge(until),
    saveReplay: (replay: Replay) => replays.save(replay),
    getReplay: (id: string) => replays.get(id),
    listReplays: () => replays.list(),

    saveScenarioRun: (run: ScenarioRun) => scenarioRuns.save(run),
    getScenarioRun: (id: string) => scenarioRuns.get(id),
    listScenarioRuns: (scenario?: string, namespace?: string) => scenarioRuns.list(scenario, namespace),

    getSetting: (key: string) => records.getSetting(key),
    setSetting: (key: string, json: string) => records.setSetting(key, json),
    deleteSetting: (key: string) => records.deleteSetting(key),
    listSettings: (prefix: string) => records.listSettings(prefix),
    appendResourceHistory: (changes: readonly ResourceChange[]) => records.appendResourceHistory(changes),
    listResourceHistory: (query: { kind?: string; namespace?: string; name?: string; limit?: number }) =>
      records.listResourceHistory(query),
  };
}

export type Operations = ReturnType<typeof createOperations>;
export type OperationName = keyof Operations;

/** Best effort: refused while the write-ahead log is over its limit. */
export const telemetryWrites: ReadonlySet<OperationName> = new Set<OperationName>([
  'insertExchanges',
  'insertEvents',
  'insertAppSpans',
  'insertAppLogs',
]);

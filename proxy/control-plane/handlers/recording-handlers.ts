import type { recordingRoutes } from '../../api/routes/recording-routes.ts';
import type { Recorder } from '../../recorder/recorder.ts';
import type { RecordingEditor } from '../../recorder/recording-editor.ts';
import type { RecordingImporter } from '../../recorder/recording-importer.ts';
import { FileReply } from '../server/file-reply.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { stored } from '../server/stored.ts';
import { need } from './failures.ts';

export type RecordingHandlers = Pick<ApiHandlers, keyof typeof recordingRoutes>;

export function createRecordingHandlers(parts: {
  recorder: Recorder;
  recordings: RecordingEditor;
  importer: RecordingImporter;
}): RecordingHandlers {
  return { ...keepingHandlers(parts), ...readingHandlers(parts), ...editingHandlers(parts), ...fileHandlers(parts) };
}

type Parts = Parameters<typeof createRecordingHandlers>[0];

function keepingHandlers({ recorder, recordings }: Parts) {
  return {
    startRecording: async ({ body }) => stored(await recorder.start(body)),
    listRecordings: async () => ({ recordings: await recorder.list() }),
    getRecording: async ({ params }) => need(await recorder.get(params.id), noRecording(params)),
    stopRecording: async ({ params }) => stored(await recorder.stop(params.id)),
    deleteRecording: async ({ params }) => ({ removed: params.id, id: stored(await recorder.delete(params.id)) }),
    restoreRecording: async ({ params }) => stored(await recordings.restore(params.id)),
  } satisfies Partial<RecordingHandlers>;
}

function readingHandlers({ recorder }: Parts) {
  return {
    listRecordedRows: async ({ params, query: { offset, limit, ...filter } }) =>
      need(await recorder.rows(params.id, filter, offset, limit), noRecording(params)),
    getRecordingTimeline: async ({ params, query }) =>
      need(await recorder.timeline(params.id, query.slices), noRecording(params)),
    listRecordedExchanges: async ({ params, query }) => need(await recorder.exchanges(params.id, query), noRecording(params)),
    getRecordedExchange: async ({ params }) => {
      const exchange = await recorder.exchange(params.id, params.exchange);
      return need(exchange, `Recording ${params.id} has no exchange ${params.exchange}`);
    },
  } satisfies Partial<RecordingHandlers>;
}

function editingHandlers({ recordings }: Parts) {
  return {
    editRecording: async ({ params, body }) => stored(await recordings.edit(params.id, body)),
    annotateRecording: async ({ params, body }) => ({
      changed: stored(await recordings.annotate(params.id, body.exchanges, body.annotation)),
    }),
    keepRecording: async ({ params, body }) => stored(await recordings.keep(params.id, body.keep, body.name)),
    keepTraffic: async ({ body }) => stored(await recordings.keepTraffic(body)),
    mergeRecordings: async ({ body }) => stored(await recordings.merge(body.recordings, body.name)),
  } satisfies Partial<RecordingHandlers>;
}

function fileHandlers({ recorder, importer }: Parts) {
  return {
    exportHar: async ({ params }) => {
      const { name, bytes } = need(await recorder.exportHar(params.id), noRecording(params));
      return new FileReply(`${name}.har`, 'application/json; charset=utf-8', bytes);
    },
    importRecording: async ({ body }) => stored(await importer.importDocument(body)),
    exportRecordingFile: async ({ params }) => {
      const { name, bytes } = need(await recorder.exportFile(params.id), noRecording(params));
      return new FileReply(`${name}.drydock-recording`, 'application/gzip', bytes);
    },
    importRecordingFile: async ({ query, body }) => stored(await importer.importFile(body, query.name)),
  } satisfies Partial<RecordingHandlers>;
}

const noRecording = ({ id }: { id: string }): string => `There is no recording ${id}`;

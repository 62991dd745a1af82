import { z } from 'zod';
import { exchangeDetailSchema } from '../exchange.schema.ts';
import {
  annotateRequestSchema,
  annotationSchema,
  importedRecordingSchema,
  keepRequestSchema,
  keepTrafficSchema,
  mergeRequestSchema,
  recordedRowPageSchema,
  recordedRowQuerySchema,
  recordingEditSchema,
  recordingRequestSchema,
  recordingSchema,
  recordingTimelineSchema,
} from '../recording.schema.ts';
import type { ApiRoute } from './api-route.ts';

const recordedExchangeSchema = exchangeDetailSchema.extend({ annotation: annotationSchema.optional() });

/** Recordings: made, read, edited, taken out and in. */
export const recordingRoutes = {
  startRecording: {
    method: 'POST',
    path: '/recordings',
    summary: 'Start a recording',
    body: recordingRequestSchema,
    response: recordingSchema,
  },
  listRecordings: {
    method: 'GET',
    path: '/recordings',
    summary: 'Recordings',
    response: z.object({ recordings: z.array(recordingSchema) }),
  },
  getRecording: { method: 'GET', path: '/recordings/:id', summary: 'One recording (id or name)', response: recordingSchema },
  stopRecording: {
    method: 'POST',
    path: '/recordings/:id/stop',
    summary: 'Stop; when it answers, the recording is on disk',
    response: recordingSchema,
  },
  deleteRecording: {
    method: 'DELETE',
    path: '/recordings/:id',
    summary: 'Delete a recording; it can be restored by its id for ten minutes, while the engine runs',
    response: z.object({ removed: z.string(), id: z.string() }),
  },
  restoreRecording: {
    method: 'POST',
    path: '/recordings/:id/restore',
    summary: 'Bring a deleted recording back, by its id',
    response: recordingSchema,
  },
  editRecording: {
    method: 'POST',
    path: '/recordings/:id/edit',
    summary: 'Give a recording another name or note',
    body: recordingEditSchema,
    response: recordingSchema,
  },
  annotateRecording: {
    method: 'POST',
    path: '/recordings/:id/annotate',
    summary: 'Pin, colour or comment exchanges of a recording',
    body: annotateRequestSchema,
    response: z.object({ changed: z.number().int() }),
  },
  keepRecording: {
    method: 'POST',
    path: '/recordings/:id/keep',
    summary: 'A new recording with a part of one (by time, filter or choice); without conditions a copy',
    body: keepRequestSchema,
    response: recordingSchema,
  },
  keepTraffic: {
    method: 'POST',
    path: '/recordings/from-traffic',
    summary: 'A new recording of requests that passed already, marked as given, with the rest of their traces',
    body: keepTrafficSchema,
    response: recordingSchema,
  },
  mergeRecordings: {
    method: 'POST',
    path: '/recordings/merge',
    summary: 'A new recording of several, in order of time',
    body: mergeRequestSchema,
    response: recordingSchema,
  },
  listRecordedRows: {
    method: 'GET',
    path: '/recordings/:id/rows',
    summary: 'Lines of a recording without headers and bodies, oldest first, from any place on, filtered',
    query: recordedRowQuerySchema,
    response: recordedRowPageSchema,
  },
  getRecordingTimeline: {
    method: 'GET',
    path: '/recordings/:id/timeline',
    summary: 'Calls and errors of a recording over time',
    query: z.object({ slices: z.coerce.number().int().min(1).max(1000).default(120) }),
    response: recordingTimelineSchema,
  },
  listRecordedExchanges: {
    method: 'GET',
    path: '/recordings/:id/exchanges',
    summary: 'Exchanges of a recording, oldest first',
    query: z.object({ limit: z.coerce.number().int().min(1).max(5000).default(1000), cursor: z.string().optional() }),
    response: z.object({ exchanges: z.array(recordedExchangeSchema), next: z.string().nullable() }),
  },
  getRecordedExchange: {
    method: 'GET',
    path: '/recordings/:id/exchanges/:exchange',
    summary: 'One exchange of a recording, with headers and bodies',
    response: recordedExchangeSchema,
  },
  exportRecordingFile: {
    method: 'GET',
    path: '/recordings/:id/file',
    summary: 'The whole recording as one file (JSON lines in gzip; docs/recording-file.md)',
    response: z.custom<Uint8Array>(),
    responseType: 'application/gzip',
  },
  importRecordingFile: {
    method: 'POST',
    path: '/recordings/import-file',
    summary:
      'A recording from such a file, a HAR (also zipped), a Hoverfly simulation or WireMock mappings; `notes` tell what was not taken over',
    query: z.object({ name: z.string().trim().min(1).max(200).optional() }),
    body: 'bytes',
    response: importedRecordingSchema,
  },
  exportHar: {
    method: 'GET',
    path: '/recordings/:id/har',
    summary: 'HAR 1.2',
    response: z.looseObject({ log: z.looseObject({ entries: z.array(z.unknown()) }) }),
  },
  importRecording: {
    method: 'POST',
    path: '/recordings/import',
    summary: 'A recording from a HAR, a Hoverfly simulation or WireMock mappings; `notes` tell what was not taken over',
    body: z.union([z.looseObject({}), z.array(z.unknown())]),
    response: importedRecordingSchema,
  },
} as const satisfies Record<string, ApiRoute>;

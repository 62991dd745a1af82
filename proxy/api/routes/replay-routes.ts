import { z } from 'zod';
import { replayPlanSchema, replayRequestSchema, replayRulesSchema, replaySchema } from '../replay.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Recorded calls sent again, and what came back different. */
export const replayRoutes = {
  startReplay: {
    method: 'POST',
    path: '/recordings/:id/replay',
    summary: 'Send the root calls of a recording again',
    body: replayRequestSchema,
    response: replaySchema,
  },
  listReplays: {
    method: 'GET',
    path: '/replays',
    summary: 'Replays, newest first',
    response: z.object({ replays: z.array(replaySchema) }),
  },
  getReplay: { method: 'GET', path: '/replays/:id', summary: 'Progress and differences', response: replaySchema },
  cancelReplay: { method: 'POST', path: '/replays/:id/cancel', summary: 'Stop a running replay', response: replaySchema },
  pauseReplay: { method: 'POST', path: '/replays/:id/pause', summary: 'Send nothing new for now', response: replaySchema },
  resumeReplay: { method: 'POST', path: '/replays/:id/resume', summary: 'Go on where it was paused', response: replaySchema },
  judgeReplay: {
    method: 'POST',
    path: '/replays/:id/judge',
    summary: 'Judge the same answers by other rules; nothing is sent',
    body: replayRulesSchema,
    response: replaySchema,
  },
  planReplay: {
    method: 'GET',
    path: '/recordings/:id/replay-plan',
    summary: 'What a replay would send, and which variables it seems to need',
    response: replayPlanSchema,
  },
} as const satisfies Record<string, ApiRoute>;

import type { replayRoutes } from '../../api/routes/replay-routes.ts';
import type { Replayer } from '../../recorder/replay.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { stored } from '../server/stored.ts';
import { need } from './failures.ts';

export type ReplayHandlers = Pick<ApiHandlers, keyof typeof replayRoutes>;

export function createReplayHandlers({ replayer }: { replayer: Replayer }): ReplayHandlers {
  return {
    planReplay: async ({ params }) => stored(await replayer.plan(params.id)),
    startReplay: async ({ params, body }) => stored(await replayer.start(params.id, body)),
    listReplays: async () => ({ replays: await replayer.list() }),
    getReplay: async ({ params }) => need(await replayer.get(params.id), `There is no replay ${params.id}`),
    pauseReplay: async ({ params }) => stored(await replayer.pause(params.id)),
    resumeReplay: async ({ params }) => stored(await replayer.resume(params.id)),
    cancelReplay: async ({ params }) => stored(await replayer.cancel(params.id)),
    judgeReplay: async ({ params, body }) => stored(await replayer.judge(params.id, body)),
  };
}

import type { Replayer } from '../../recorder/replay.ts';
import type { StoreResult } from '../../store/store-types.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';

export type ReplayHandlers = Pick<
  ApiHandlers,
  'planReplay' | 'startReplay' | 'listReplays' | 'getReplay' | 'pauseReplay' | 'resumeReplay' | 'cancelReplay' | 'judgeReplay'
>;

/** Replays of the control API. `stored` turns what the store refused into an API error. */
export function createReplayHandlers(replayer: Replayer, stored: <T>(result: StoreResult<T>) => T): ReplayHandlers {
  return {
    planReplay: async ({ params }) => stored(await replayer.plan(params.id)),
    startReplay: async ({ params, body }) => stored(await replayer.start(params.id, body)),
    listReplays: async () => ({ replays: await replayer.list() }),
    getReplay: async ({ params }) => {
      const replay = await replayer.get(params.id);
      if (replay === null) throw new ApiError('not_found', `There is no replay ${params.id}`);
      return replay;
    },
    pauseReplay: async ({ params }) => stored(await replayer.pause(params.id)),
    resumeReplay: async ({ params }) => stored(await replayer.resume(params.id)),
    cancelReplay: async ({ params }) => stored(await replayer.cancel(params.id)),
    judgeReplay: async ({ params, body }) => stored(await replayer.judge(params.id, body)),
  };
}

import type { Runs } from '../../telemetry/runs.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { need } from './failures.ts';

export type RunHandlers = Pick<ApiHandlers, 'listRuns' | 'getRun' | 'compareRuns'>;

export function createRunHandlers({ runs, flush }: { runs: Runs; flush: () => Promise<void> }): RunHandlers {
  return {
    listRuns: async () => {
      await flush();
      return { runs: await runs.list() };
    },
    getRun: async ({ params }) => {
      await flush();
      return need(await runs.get(params.id), `There is no run ${params.id}`);
    },
    compareRuns: async ({ params, query }) => {
      await flush();
      return need(await runs.compare(params.id, query.with), `There is no run ${params.id} or ${query.with}`);
    },
  };
}

import type { Runs } from '../../telemetry/runs.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';

export type RunHandlers = Pick<ApiHandlers, 'listRuns' | 'getRun' | 'compareRuns'>;

export function createRunHandlers({ runs, flush }: { runs: Runs; flush: () => Promise<void> }): RunHandlers {
  const known = <T>(value: T | null, id: string): T => {
    if (value === null) throw new ApiError('not_found', `There is no run ${id}`);
    return value;
  };
  return {
    listRuns: async () => {
      await flush();
      return { runs: await runs.list() };
    },
    getRun: async ({ params }) => {
      await flush();
      return known(await runs.get(params.id), params.id);
    },
    compareRuns: async ({ params, query }) => {
      await flush();
      return known(await runs.compare(params.id, query.with), `${params.id} or ${query.with}`);
    },
  };
}

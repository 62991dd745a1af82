import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { telemetryRoutes } from '../../api/routes/telemetry-routes.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';
import { badQuery, gone } from './failures.ts';
import { windowMs } from './graph-window.ts';
import type { RunHandlers } from './run-handlers.ts';

export type TelemetryHandlers = Pick<ApiHandlers, Exclude<keyof typeof telemetryRoutes, keyof RunHandlers>>;

/** What is measured. */
export function createTelemetryHandlers(parts: EngineParts): TelemetryHandlers {
  const { telemetry } = parts;
  return {
    listTraces: async ({ query }) => {
      await parts.flush();
      return badQuery(() => telemetry.listTraces(query));
    },
    getTrace: async ({ params, query }) => {
      await parts.flush();
      const trace = await telemetry.getTrace(params.id, { logs: query.logs === 'true' });
      if (!trace) throw new ApiError('not_found', `There is no trace ${params.id}`);
      return trace;
    },
    getGraph: async ({ query }) => {
      await parts.flush();
      return telemetry.graph(windowMs(query.window), parts.graphFacts());
    },
    getSeries: ({ query }) => badQuery(() => telemetry.series(query)),
    getClusters: async ({ query }) => {
      const clusters = await gone(() => parts.clusters());
      const isSource = (cluster: ClusterStatus) => !query.source || [cluster.source, cluster.proxy].includes(query.source);
      const isService = (cluster: ClusterStatus) =>
        !query.service || [cluster.service, cluster.service.split('.')[0]].includes(query.service);
      return { clusters: clusters.filter((cluster) => isSource(cluster) && isService(cluster)) };
    },
    listAppMetrics: ({ query }) => telemetry.appMetrics.list(query.service),
  };
}

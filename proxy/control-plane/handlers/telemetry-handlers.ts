import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { telemetryRoutes } from '../../api/routes/telemetry-routes.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import type { EngineParts } from './engine-parts.ts';
import { askDataPlane, askTelemetry, need } from './failures.ts';
import { windowMs } from './graph-window.ts';
import type { RunHandlers } from './run-handlers.ts';

export type TelemetryHandlers = Pick<ApiHandlers, Exclude<keyof typeof telemetryRoutes, keyof RunHandlers>>;

/** What is measured. */
export function createTelemetryHandlers(parts: EngineParts): TelemetryHandlers {
  const { telemetry } = parts;
  return {
    listTraces: async ({ query }) => {
      await parts.flush();
      return askTelemetry(() => telemetry.listTraces(query));
    },
    getTrace: async ({ params, query }) => {
      await parts.flush();
      return need(await telemetry.getTrace(params.id, { logs: query.logs === 'true' }), `There is no trace ${params.id}`);
    },
    getGraph: async ({ query }) => {
      await parts.flush();
      return telemetry.graph(windowMs(query.window), parts.graphFacts());
    },
    getSeries: ({ query }) => askTelemetry(() => telemetry.series(query)),
    getClusters: async ({ query }) => {
      const clusters = await askDataPlane(() => parts.clusters());
      const isSource = (cluster: ClusterStatus) => !query.source || [cluster.source, cluster.proxy].includes(query.source);
      const isService = (cluster: ClusterStatus) =>
        !query.service || [cluster.service, cluster.service.split('.')[0]].includes(query.service);
      return { clusters: clusters.filter((cluster) => isSource(cluster) && isService(cluster)) };
    },
    listAppMetrics: ({ query }) => telemetry.appMetrics.list(query.service),
  };
}

import type { z } from 'zod';
import { certificateRoutes } from './routes/certificate-routes.ts';
import { engineRoutes } from './routes/engine-routes.ts';
import { exchangeRoutes } from './routes/exchange-routes.ts';
import { faultRoutes } from './routes/fault-routes.ts';
import { importRoutes } from './routes/import-routes.ts';
import { recordingRoutes } from './routes/recording-routes.ts';
import { replayRoutes } from './routes/replay-routes.ts';
import { resourceRoutes } from './routes/resource-routes.ts';
import { scenarioRoutes } from './routes/scenario-routes.ts';
import { serviceRoutes } from './routes/service-routes.ts';
import { simulationRoutes } from './routes/simulation-routes.ts';
import { telemetryRoutes } from './routes/telemetry-routes.ts';
import { toxicRoutes } from './routes/toxic-routes.ts';

export type { ApiRoute } from './routes/api-route.ts';

/**
 * Every operation of the control API. One table, by subject in `routes/`: the server validates with it, the client is typed by it,
 * docs/openapi.json is generated from it.
 */
export const apiRoutes = {
  ...engineRoutes,
  ...resourceRoutes,
  ...serviceRoutes,
  ...importRoutes,
  ...exchangeRoutes,
  ...telemetryRoutes,
  ...faultRoutes,
  ...toxicRoutes,
  ...recordingRoutes,
  ...simulationRoutes,
  ...scenarioRoutes,
  ...replayRoutes,
  ...certificateRoutes,
} as const;

export type ApiRouteName = keyof typeof apiRoutes;
export type ApiResponse<K extends ApiRouteName> = z.infer<(typeof apiRoutes)[K]['response']>;

import { z } from 'zod';
import { appMetricsSchema } from '../app-metric.schema.ts';
import {
  clustersSchema,
  graphSchema,
  seriesQuerySchema,
  seriesSchema,
  traceListSchema,
  traceSchema,
} from '../observability.schema.ts';
import { runComparisonSchema, runSchema, runSummarySchema } from '../runs.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** What is measured: traces, the graph, series, runs, upstream clusters. */
export const telemetryRoutes = {
  listTraces: {
    method: 'GET',
    path: '/traces',
    summary: 'Traces, newest first',
    query: z.object({
      service: z.string().optional(),
      minDuration: z.string().optional(),
      error: z.string().optional(),
      /** The filter language of the requests: a trace is found by any call in it. */
      filter: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      cursor: z.string().optional(),
    }),
    response: traceListSchema,
  },
  getTrace: {
    method: 'GET',
    path: '/traces/:id',
    summary: 'One trace with its spans, mesh and app, and what the apps logged',
    query: z.object({ logs: z.enum(['true', 'false']).default('true') }),
    response: traceSchema,
  },
  getGraph: {
    method: 'GET',
    path: '/graph',
    summary: 'Nodes and edges with rate, errors, latency',
    query: z.object({ window: z.string().default('60s') }),
    response: graphSchema,
  },
  getSeries: {
    method: 'GET',
    path: '/metrics/series',
    summary: 'Series for charts',
    query: seriesQuerySchema,
    response: seriesSchema,
  },
  listRuns: {
    method: 'GET',
    path: '/runs',
    summary: 'The present run and those kept before it: ten of each mesh, the present one among them once it is over',
    response: z.object({ runs: z.array(runSummarySchema) }),
  },
  getRun: {
    method: 'GET',
    path: '/runs/:id',
    summary: 'What the edges did in one run; `current` and `previous` are ids too',
    response: runSchema,
  },
  compareRuns: {
    method: 'GET',
    path: '/runs/:id/compare',
    summary: 'A run held against another, edge by edge',
    query: z.object({ with: z.string().default('current') }),
    response: runComparisonSchema,
  },
  getClusters: {
    method: 'GET',
    path: '/clusters',
    summary: 'Upstream clusters per source workload: endpoints, ejection, limits',
    query: z.object({ source: z.string().optional(), service: z.string().optional() }),
    response: clustersSchema,
  },
  listAppMetrics: {
    method: 'GET',
    path: '/app-metrics',
    summary: 'Last values of what the apps export of themselves over OTLP',
    query: z.object({ service: z.string().optional() }),
    response: appMetricsSchema,
  },
} as const satisfies Record<string, ApiRoute>;

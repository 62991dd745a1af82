import { z } from 'zod';
import { scenarioComparisonSchema, scenarioRunRequestSchema, scenarioRunSchema, scenarioStepSchema } from '../scenario.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** Runs of scenarios. */
export const scenarioRoutes = {
  startScenario: {
    method: 'POST',
    path: '/scenarios/runs',
    summary: 'Run a scenario; one runs at a time',
    body: scenarioRunRequestSchema,
    response: scenarioRunSchema,
  },
  listScenarioRuns: {
    method: 'GET',
    path: '/scenarios/runs',
    summary: 'Runs of scenarios, newest first, the last fifty',
    query: z.object({ scenario: z.string().optional(), limit: z.coerce.number().int().min(1).max(50).default(50) }),
    response: z.object({ runs: z.array(scenarioRunSchema) }),
  },
  getScenarioRun: {
    method: 'GET',
    path: '/scenarios/runs/:id',
    summary: 'Progress and outcome of a run',
    response: scenarioRunSchema,
  },
  compareScenarioRuns: {
    method: 'GET',
    path: '/scenarios/runs/:id/compare',
    summary: 'What differs between a run and an earlier one (`with`)',
    query: z.object({ with: z.string() }),
    response: scenarioComparisonSchema,
  },
  stepScenarioRun: {
    method: 'POST',
    path: '/scenarios/runs/:id/step',
    summary: 'Carry out the next entry of a stepped run, or let the rest run on by the clock',
    body: scenarioStepSchema,
    response: scenarioRunSchema,
  },
  cancelScenarioRun: {
    method: 'POST',
    path: '/scenarios/runs/:id/cancel',
    summary: 'End a run now; what it changed is put back',
    response: scenarioRunSchema,
  },
} as const satisfies Record<string, ApiRoute>;

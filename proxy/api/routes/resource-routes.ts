import { z } from 'zod';
import { applyResultSchema, diagnosticSchema, resourceSchema } from '../diagnostic.schema.ts';
import { explainRequestSchema, explanationSchema } from '../explain.schema.ts';
import type { ApiRoute } from './api-route.ts';

/** What is configured: read, applied, checked, explained, written for other meshes. */
export const resourceRoutes = {
  listResources: {
    method: 'GET',
    path: '/resources',
    summary: 'All resources',
    response: z.object({ resources: z.array(resourceSchema) }),
  },
  listResourcesOfKind: {
    method: 'GET',
    path: '/resources/:kind',
    summary: 'Resources of a kind',
    response: z.object({ resources: z.array(resourceSchema) }),
  },
  getResource: { method: 'GET', path: '/resources/:kind/:namespace/:name', summary: 'One resource', response: resourceSchema },
  postResources: {
    method: 'POST',
    path: '/resources',
    summary: 'Apply YAML documents (as /apply)',
    body: 'yaml',
    response: applyResultSchema,
  },
  deleteResource: {
    method: 'DELETE',
    path: '/resources/:kind/:namespace/:name',
    summary: 'Remove a resource',
    response: applyResultSchema,
  },
  apply: {
    method: 'POST',
    path: '/apply',
    summary: 'Apply YAML documents atomically',
    body: 'yaml',
    response: applyResultSchema,
  },
  lint: {
    method: 'POST',
    path: '/lint',
    summary: 'Diagnostics of YAML documents together with what runs, applying nothing',
    body: 'yaml',
    response: z.object({ applied: z.array(z.never()), diagnostics: z.array(diagnosticSchema) }),
  },
  exportConfig: {
    method: 'GET',
    path: '/export/:format',
    summary: 'What runs, written for a real mesh: istio, gateway-api, or envoy (the bootstrap of one workload)',
    query: z.object({ workload: z.string().optional() }),
    response: z.object({ format: z.string(), text: z.string(), notes: z.array(z.string()) }),
  },
  explain: {
    method: 'POST',
    path: '/explain',
    summary: 'Which objects and rules would apply to a request',
    body: explainRequestSchema,
    response: explanationSchema,
  },
} as const satisfies Record<string, ApiRoute>;

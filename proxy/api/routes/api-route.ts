import type { z } from 'zod';

/**
 * One operation of the control API, below /api/v1. `body: 'yaml'` takes YAML text (application/yaml or text/plain) or {yaml, file?} as JSON,
 * `body: 'bytes'` a file as it is.
 */
export interface ApiRoute {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType | 'yaml' | 'bytes';
  response: z.ZodType;
  /** Where the answer is not JSON. */
  responseType?: string;
}

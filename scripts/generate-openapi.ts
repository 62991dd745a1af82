// Writes docs/openapi.json from the API table and its schemas: `node scripts/generate-openapi.ts`; --check only compares (exit 1 when stale).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { errorCodes } from '../proxy/api/error-codes.ts';
import { type ApiRoute, apiRoutes } from '../proxy/api/routes.ts';

const target = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));
type Json = Record<string, unknown>;

/** The OpenAPI 3.1 description of the control API. */
export function describeApi(): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(apiRoutes) as [string, ApiRoute][]) {
    const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(operationId, route) };
  }
  paths['/api/v1/metrics'] = {
    get: {
      operationId: 'getMetrics',
      summary: 'Prometheus text, Istio’s standard names',
      responses: { 200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } } },
    },
  };
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Drydock control API',
      version,
      description:
        'Loopback only. Every request needs `Authorization: Bearer <token>` (engine.json in the home folder, mode 0600), an exact Host, and ' +
        'no Origin or an allowed one. Live data: WebSocket /api/v1/stream with the subprotocols `drydock.v1, bearer.<token>`.',
    },
    servers: [{ url: 'http://127.0.0.1:{port}', variables: { port: { default: '40123' } } }],
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: { Error: errorSchema() } },
  };
}

function describeOperation(operationId: string, route: ApiRoute): Json {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters = [...inPath, ...(route.query ? queryParameters(route.query) : [])];
  const rejects = route.body === 'yaml' || operationId === 'addFault' || operationId === 'registerService';
  return {
    operationId,
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: requestBody(route.body) } : {}),
    responses: {
      200: { description: 'OK', content: responseContent(route) },
      ...(rejects ? { 422: { description: 'Rejected with diagnostics; nothing was changed', content: errorContent } } : {}),
      default: { description: 'An error', content: errorContent },
    },
  };
}

function responseContent({ response, responseType }: ApiRoute): Json {
  if (responseType) return { [responseType]: { schema: { type: 'string', contentMediaType: responseType } } };
  return { 'application/json': { schema: schemaOf(response, 'output') } };
}

const errorContent = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };

function queryParameters(query: z.ZodType): Json[] {
  const schema = schemaOf(query, 'input') as { properties?: Record<string, Json>; required?: string[] };
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema: property,
  }));
}

function requestBody(body: z.ZodType | 'yaml' | 'bytes'): Json {
  if (body === 'bytes')
    return {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } } },
    };
  if (body !== 'yaml') return { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } };
  const wrapped = { type: 'object', properties: { yaml: { type: 'string' }, file: { type: 'string' } }, required: ['yaml'] };
  const text = { schema: { type: 'string', description: 'Any number of YAML documents' } };
  return { required: true, content: { 'application/yaml': text, 'application/json': { schema: wrapped } } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return rest;
}

function errorSchema(): Json {
  return {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: { code: { type: 'string', enum: Object.keys(errorCodes) }, message: { type: 'string' }, details: {} },
        required: ['code', 'message'],
      },
    },
    required: ['error'],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = `${JSON.stringify(describeApi(), null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('docs/openapi.json is stale: run node scripts/generate-openapi.ts\n');
    process.exitCode = 1;
  }
}

import type { IncomingMessage } from 'node:http';
import type { ApiRoute } from '../../api/routes.ts';
import { ApiError } from './api-error.ts';
import type { YamlBody } from './route-table.ts';

const jsonTypes = ['application/json'];
const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/plain'];

/** Not what a form of another web page can send. */
const byteTypes = ['application/octet-stream', 'application/gzip'];

/** Reads and decodes a request's body as its route wants it; bytes are left for the handler to read. Throws 400, 413 or 415. */
export async function readBody(request: IncomingMessage, route: ApiRoute, limitBytes: number): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const takesYaml = route.body === 'yaml';
  const accepted = route.body === 'bytes' ? byteTypes : takesYaml ? [...yamlTypes, ...jsonTypes] : jsonTypes;
  const hasBody = Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined;
  // A form or text/plain POST is what another web page could send without asking: refused before it is read.
  if ((hasBody || type !== '') && !accepted.includes(type)) {
    throw new ApiError(
      'unsupported_media_type',
      `Send ${accepted.slice(0, takesYaml ? 1 : undefined).join(', ')}${takesYaml ? ' or application/json' : ''}`,
    );
  }
  if (route.body === 'bytes') return request;
  const text = await readText(request, limitBytes);
  if (route.body === 'yaml') return yamlBody(text, type);
  if (route.body === undefined) return undefined;
  const value = text === '' ? {} : parseJson(text);
  const parsed = route.body.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ApiError('invalid_request', `The body is not valid: ${firstIssue(parsed.error)}`, parsed.error.issues);
}

/** YAML text as it is, or wrapped as {yaml, file?}; any other JSON is YAML already. */
function yamlBody(text: string, type: string): YamlBody {
  const unnamed = 'request';
  if (!jsonTypes.includes(type)) return { yaml: text, file: unnamed };
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null && 'yaml' in value && typeof value.yaml === 'string') {
    const file = 'file' in value && typeof value.file === 'string' && value.file !== '' ? value.file : unnamed;
    return { yaml: value.yaml, file };
  }
  return { yaml: text, file: unnamed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('invalid_request', `The body is not JSON: ${(error as Error).message}`);
  }
}

export function firstIssue(error: { issues: { path: PropertyKey[]; message: string }[] }): string {
  const [issue] = error.issues;
  if (!issue) return 'unknown reason';
  return issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ${issue.message}` : issue.message;
}

function readText(request: IncomingMessage, limitBytes: number): Promise<string> {
  const tooLarge = () => new ApiError('payload_too_large', `The body is larger than ${limitBytes} bytes`);
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', () => reject(new ApiError('invalid_request', 'The request ended early')));
    request.once('aborted', () => reject(new ApiError('invalid_request', 'The request ended early')));
  });
}

import http from 'node:http';

/** Where an engine's API listens, as its `ready()` tells. */
export interface EngineControl {
  url: string;
  token: string;
}

/** Asks an engine's API; a `body` that is a string goes as YAML, anything else as JSON. */
export async function askEngine<T>(
  { url, token }: EngineControl,
  method: string,
  route: string,
  body?: unknown,
): Promise<{ status: number; json: T }> {
  const isYaml = typeof body === 'string';
  const response = await fetch(`${url}/api/v1${route}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': isYaml ? 'application/yaml' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isYaml ? body : JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as T };
}

/** The same where a refusal is no answer. Throws the engine's own words. */
export async function demandOfEngine<T>(control: EngineControl, method: string, route: string, body?: unknown): Promise<T> {
  const { status, json } = await askEngine<T & { error?: { message: string } }>(control, method, route, body);
  if (status >= 300) throw new Error(json.error?.message);
  return json;
}

/** A GET through a sidecar's outbound listener, on a connection of its own. */
export function getThrough(outbound: string, host: string, path = '/'): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(outbound);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path, headers: { host }, agent: false as const };
    http
      .get(options, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
      .on('error', reject);
  });
}

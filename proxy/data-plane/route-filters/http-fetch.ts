/** The small HTTP client that filters need: an authorizer, a JWKS document. Injected, so that tests and the engine choose what it may reach. */
export type HttpFetch = (request: HttpFetchRequest) => Promise<HttpFetchResponse>;

export interface HttpFetchRequest {
  url: string;
  method: string;
  headers: [string, string][];
  timeoutMs: number;
  body?: Buffer;
}
export interface HttpFetchResponse {
  status: number;
  /** Names lower case. */
  headers: [string, string][];
  body: string;
}

/** Bodies above this are refused: neither a denial page nor a key set is that long. */
const maxBodyBytes = 1_048_576;

/** The real client. Redirects are not followed; rejects on network errors, timeouts and oversized bodies. */
export const fetchOverHttp: HttpFetch = async ({ url, method, headers, timeoutMs, body }) => {
  // Loaded on first use: most meshes never ask anyone.
  const { request } = await import('undici');
  const response = await request(url, {
    method: method as 'GET',
    headers: headers.flat(),
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error(`${url} answered more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(response.headers)) {
    for (const entry of Array.isArray(value) ? value : [value]) if (entry !== undefined) pairs.push([name.toLowerCase(), entry]);
  }
  return { status: response.statusCode, headers: pairs, body: Buffer.concat(chunks).toString('utf8') };
};

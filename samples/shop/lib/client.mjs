import http from 'node:http';

/**
 * The shop's only HTTP client. It calls other services by their cluster URL, e.g. http://catalog:9080/products, and honours HTTP_PROXY as
 * most languages' clients do: with a proxy the request goes there in absolute form, over kept-alive connections. That is all an app
 * needs to live in a mesh.
 */
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/** Headers an app must copy from the request it serves to the requests it makes, or traces break into pieces. */
const forwardedHeaders = [
  'traceparent',
  'tracestate',
  'b3',
  'x-request-id',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'end-user',
];

/**
 * @param {string} url the service's cluster URL
 * @param {{from?: import('node:http').IncomingMessage, method?: string, body?: unknown, timeoutMs?: number}} options `from` is the request
 *   being served, whose trace headers go along; `body` is sent as JSON
 * @returns {Promise<{status: number, headers: import('node:http').IncomingHttpHeaders, body: any}>} any status is an answer; rejects only
 *   when there is none
 */
export function call(url, { from, method = 'GET', body, timeoutMs = 10_000 } = {}) {
  const target = new URL(url);
  const proxy = proxyFor(target);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = { accept: 'application/json', host: target.host, 'user-agent': process.env.SERVICE_NAME ?? 'shop' };
  for (const name of forwardedHeaders) {
    const value = from?.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  if (payload !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(payload);
  }
  const place = proxy
    ? { host: proxy.hostname, port: proxy.port, path: target.href }
    : { host: target.hostname, port: target.port || 80, path: target.pathname + target.search };
  return new Promise((resolve, reject) => {
    const request = http.request({ ...place, method, headers, agent, timeout: timeoutMs }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: decode(Buffer.concat(chunks), response.headers),
        });
      });
    });
    request.once('timeout', () => request.destroy(new Error(`no answer from ${target.host} in ${timeoutMs} ms`)));
    request.once('error', reject);
    request.end(payload);
  });
}

/** Like call, but an answer of 400 or more is an error too. */
export async function getJson(url, options) {
  const answer = await call(url, options);
  if (answer.status >= 400)
    throw Object.assign(new Error(`${new URL(url).hostname} answered ${answer.status}`), { status: answer.status });
  return answer.body;
}

function decode(bytes, headers) {
  const text = bytes.toString('utf8');
  return headers['content-type']?.includes('json') ? JSON.parse(text) : text;
}

function proxyFor(target) {
  const proxy = process.env.HTTP_PROXY || process.env.http_proxy;
  if (!proxy) return null;
  const exceptions = (process.env.NO_PROXY || process.env.no_proxy || '').split(',').map((entry) => entry.trim().toLowerCase());
  const host = target.hostname.toLowerCase();
  const isExcepted = exceptions.some(
    (entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry.replace(/^\./, '')}`))),
  );
  return isExcepted ? null : new URL(proxy);
}

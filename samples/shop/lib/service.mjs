import http from 'node:http';

const maxBodyBytes = 64 * 1024;

/**
 * Runs one service of the shop on PORT.
 * @param {string} name
 * @param {Record<string, (context: {request: http.IncomingMessage, params: string[], query: URLSearchParams, body: any}) => any>} routes
 *   'GET /products/:id' → handler; what it returns is the JSON answer, or {status, headers, json | html | location}, or {events}: a function
 *   that gets `send({event, id, data})` and answers what to do at the end of the stream
 */
export function serve(name, routes) {
  process.env.SERVICE_NAME ??= name;
  const table = Object.entries(routes).map(([route, handle]) => {
    const [method, pattern] = route.split(' ');
    return { method, pattern: new RegExp(`^${pattern.replace(/:\w+/g, '([^/]+)')}$`), handle };
  });
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://service');
    try {
      await answer(response, await dispatch(table, request, url));
    } catch (error) {
      const status = error.status >= 400 ? error.status : 500;
      console.error(`${request.method} ${url.pathname}: ${error.message}`);
      await answer(response, { status: status === 500 ? 500 : 502, json: { error: error.message, service: name } });
    }
  });
  server.keepAliveTimeout = 65_000;
  const port = Number(process.env.PORT ?? 9080);
  server.listen(port, '127.0.0.1', () => console.log(`${describeSelf(name)} listens on 127.0.0.1:${port}`));
  server.on('error', (error) => {
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      server.close(() => process.exit(0));
      server.closeIdleConnections();
      // Event streams never end by themselves.
      setTimeout(() => server.closeAllConnections(), 300).unref();
      setTimeout(() => process.exit(0), 3_000).unref();
    });
  }
}

/** `reviews v2`: who answers, for pages that show it. */
export function describeSelf(name) {
  return process.env.VERSION ? `${name} ${process.env.VERSION}` : name;
}

/** Work takes time: waits a little, differently each time, with a long tail. */
export function work(typicalMs) {
  const draw = Math.max(Number.EPSILON, Math.random());
  const tookMs = typicalMs * (0.6 + 0.5 * Math.sqrt(-2 * Math.log(draw)) * Math.abs(Math.cos(2 * Math.PI * Math.random())));
  return new Promise((resolve) => setTimeout(resolve, tookMs));
}

async function dispatch(table, request, url) {
  if (url.pathname === '/health') return { json: { status: 'ok' } };
  for (const { method, pattern, handle } of table) {
    const match = request.method === method ? pattern.exec(url.pathname) : null;
    if (!match) continue;
    const params = match.slice(1).map(decodeURIComponent);
    return handle({ request, params, query: url.searchParams, body: await readBody(request) });
  }
  return { status: 404, json: { error: `no ${request.method} ${url.pathname} here` } };
}

async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw Object.assign(new Error('body too large'), { status: 413 });
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  const text = Buffer.concat(chunks).toString('utf8');
  if (request.headers['content-type']?.includes('json')) return JSON.parse(text);
  return Object.fromEntries(new URLSearchParams(text));
}

/** Server-sent events until the client leaves; a comment now and then, so that nobody in between thinks it dead. */
function streamEvents(response, begin) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('retry: 2000\n\n');
  const end = begin(({ event, id, data }) => response.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`));
  const beat = setInterval(() => response.write(': still open\n\n'), 10_000);
  return new Promise((resolve) => {
    response.once('close', () => {
      clearInterval(beat);
      end();
      resolve();
    });
  });
}

function answer(response, result) {
  if (typeof result?.events === 'function') return streamEvents(response, result.events);
  const isShaped =
    result !== null && typeof result === 'object' && ('json' in result || 'html' in result || 'location' in result);
  const { status = 200, headers = {}, json, html, location } = isShaped ? result : { json: result };
  const body = html ?? (location ? '' : JSON.stringify(json));
  response.writeHead(location ? 303 : status, {
    'content-type': html === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(location ? { location } : {}),
    ...headers,
  });
  return new Promise((resolve) => response.end(body, resolve));
}

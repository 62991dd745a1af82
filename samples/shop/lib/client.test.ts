import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, getJson } from './client.mjs';

interface Seen {
  url: string;
  headers: IncomingMessage['headers'];
  socket: unknown;
}

let server: Server;
let seen: Seen[];
let port: number;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers, socket: request.socket });
    response.writeHead(request.url?.includes('missing') ? 404 : 200, { 'content-type': 'application/json' });
    response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  process.env.HTTP_PROXY = `http://127.0.0.1:${port}`;
  process.env.NO_PROXY = 'localhost,.internal';
});

afterEach(async () => {
  delete process.env.HTTP_PROXY;
  delete process.env.NO_PROXY;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("the shop's client", () => {
  it('sends the cluster URL in absolute form to HTTP_PROXY, with its Host', async () => {
    expect(await getJson('http://catalog:9080/products?page=1')).toEqual({ ok: true });
    expect(seen[0]?.url).toBe('http://catalog:9080/products?page=1');
    expect(seen[0]?.headers.host).toBe('catalog:9080');
  });

  it('copies trace headers of the request it serves, and only those', async () => {
    const headers = { traceparent: '00-1-2-01', 'x-request-id': 'r1', 'end-user': 'jason', cookie: 'secret=1' };
    await call('http://ratings:9080/', { from: { headers } as unknown as IncomingMessage });
    expect(seen[0]?.headers).toMatchObject({ traceparent: '00-1-2-01', 'x-request-id': 'r1', 'end-user': 'jason' });
    expect(seen[0]?.headers.cookie).toBeUndefined();
  });

  it('keeps its connection', async () => {
    await call('http://catalog:9080/a');
    await call('http://reviews:9080/b');
    expect(seen[1]?.socket).toBe(seen[0]?.socket);
  });

  it('goes straight to hosts that NO_PROXY names', async () => {
    await call(`http://localhost:${port}/direct`);
    expect(seen[0]?.url).toBe('/direct');
  });

  it('takes any status for an answer, and getJson takes errors for errors', async () => {
    expect((await call('http://catalog:9080/missing')).status).toBe(404);
    await expect(getJson('http://catalog:9080/missing')).rejects.toThrow('catalog answered 404');
  });
});

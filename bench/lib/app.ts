import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small app that answers at once. */
export async function startApp(): Promise<{ port: number; close: () => void }> {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"product":"lantern","stars":5}');
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

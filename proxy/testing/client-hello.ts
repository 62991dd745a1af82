import net from 'node:net';
import tls from 'node:tls';
import { listen } from './listen.ts';

/** The ClientHello that a real client begins with. */
export async function recordClientHello(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer();
  const port = await listen(server);
  const seen = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (bytes) => {
        resolve(bytes);
        socket.destroy();
      });
    });
  });
  const client = tls.connect({ port, host: '127.0.0.1', ...options });
  client.on('error', () => client.destroy());
  const bytes = await seen;
  server.close();
  return bytes;
}

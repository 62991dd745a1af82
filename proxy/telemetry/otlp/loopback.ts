import type { AddressInfo, Server } from 'node:net';
import type { DecodeOutcome, OtlpBody } from './decode.ts';

/** Decodes, hands on what it held, and says how it went. */
export type IngestExport = (body: OtlpBody) => Promise<DecodeOutcome>;

/** Listens on loopback, on this port or any free one. Returns the port. */
export async function listenNear(server: Server, port: number): Promise<number> {
  const listen = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  try {
    return await listen(port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(0);
  }
}

/** Against DNS rebinding: the names of this machine only, and with the port really used. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${port}`);
}

import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';

const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Asks an upstream for a tunnel by HTTP/1.1 CONNECT (DestinationRule tunnel; Envoy: tcp_proxy tunneling_config). Resolves with '' once it
 * answered 2xx, bytes behind its head put back; else with why not. Never rejects.
 */
export function openConnectTunnel(socket: Duplex, target: string, clock: Clock, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const done = (why: string): void => {
      timer.cancel();
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      if (why !== '') socket.destroy();
      resolve(why);
    };
    const onEnd = (): void => done('connection termination');
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) {
        if (received.length > MAX_HEAD_BYTES) done('protocol error');
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(received.subarray(0, end).toString('latin1'))?.[1];
      socket.pause();
      const rest = received.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      done(status === undefined ? 'protocol error' : status.startsWith('2') ? '' : `CONNECT answered ${status}`);
    };
    const timer = clock.setTimer(() => done('connection timeout'), timeoutMs);
    socket.on('data', onData);
    socket.once('end', onEnd);
    socket.once('close', onEnd);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
  });
}

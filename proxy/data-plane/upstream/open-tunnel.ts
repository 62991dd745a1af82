import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import { PostTunnel } from './post-tunnel.ts';

const MAX_HEAD_BYTES = 16 * 1024;

/** Where opaque bytes are to come out, and how an upstream is asked to carry them there. */
export interface TunnelTarget {
  /** `host:port` */
  target: string;
  method: 'CONNECT' | 'POST';
}
/** The byte stream inside; or why there is none, in Envoy's words where it has any. */
export type OpenedTunnel = { stream: Duplex; why: '' } | { stream: null; why: string };

/**
 * Asks an upstream for a tunnel by HTTP/1.1 (DestinationRule tunnel; Envoy: tcp_proxy tunneling_config). Resolves once it answered 2xx;
 * nothing of the client's is sent before. Otherwise the connection is gone. Never rejects.
 */
export function openTunnel(
  socket: Duplex,
  { target, method }: TunnelTarget,
  clock: Clock,
  timeoutMs: number,
): Promise<OpenedTunnel> {
  return method === 'POST' ? openByPost(socket, target, clock, timeoutMs) : openByConnect(socket, target, clock, timeoutMs);
}

function openByPost(socket: Duplex, target: string, clock: Clock, timeoutMs: number): Promise<OpenedTunnel> {
  return new Promise((resolve) => {
    const refuse = (why: string): void => {
      timer.cancel();
      tunnel.destroy();
      resolve({ stream: null, why });
    };
    const timer = clock.setTimer(() => refuse('connection timeout'), timeoutMs);
    const tunnel = new PostTunnel(socket, target, (answer) => {
      if ('reset' in answer) refuse(answer.reset.kind.replaceAll('-', ' '));
      // An answer that ends with its head carries nothing.
      else if (!is2xx(answer.status) || answer.ended) refuse(`tunnel_response:${answer.status}`);
      else {
        timer.cancel();
        resolve({ stream: tunnel, why: '' });
      }
    });
  });
}

/** Bytes behind the answer's head are put back. */
function openByConnect(socket: Duplex, target: string, clock: Clock, timeoutMs: number): Promise<OpenedTunnel> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const done = (why: string): void => {
      timer.cancel();
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      if (why !== '') socket.destroy();
      resolve(why === '' ? { stream: socket, why } : { stream: null, why });
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
      if (status === undefined) done('protocol error');
      else done(is2xx(Number(status)) ? '' : `tunnel_response:${status}`);
    };
    const timer = clock.setTimer(() => done('connection timeout'), timeoutMs);
    socket.on('data', onData);
    socket.once('end', onEnd);
    socket.once('close', onEnd);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
  });
}

const is2xx = (status: number): boolean => status >= 200 && status < 300;

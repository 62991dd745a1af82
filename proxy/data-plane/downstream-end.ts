import { finishResponse } from './edge-headers.ts';
import { addFlag } from './exchange.ts';
import type { LiveExchange } from './live-exchange.ts';

/* The client's side of an exchange: what its leaving means, the last touch on what it is answered, and when it is over. */

/** Watches the client and puts the last touch on whatever response goes down. */
export function watchDownstream(exchange: LiveExchange, httpDate: () => string): void {
  const { downstream } = exchange;
  downstream.finishHead = (status, headers) => finishResponse(exchange, { status, headers }, httpDate());
  downstream.onClosed = () => {
    if (downstream.resetReason === null) return;
    exchange.aborted = true;
    const malformed = downstream.resetReason === 'protocol-error';
    addFlag(exchange, malformed ? 'DPE' : 'DC');
    if (exchange.details === '') {
      exchange.details = malformed ? 'http1.codec_error' : 'downstream_remote_disconnect';
    }
  };
}

/** Resolves when nothing more will pass in either direction. */
export function closed(exchange: LiveExchange): Promise<void> {
  const { downstream } = exchange;
  if (downstream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const before = downstream.onClosed;
    downstream.onClosed = () => {
      before?.();
      resolve();
    };
  });
}

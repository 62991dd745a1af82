import { parentPort } from 'node:worker_threads';
import { type DecodeOutcome, decodeTraces, type TraceBody } from './decode.ts';

/* Entry of the thread that inflates and decodes, so that a large batch delays neither requests nor the API. */

export interface DecodeCall {
  id: number;
  body: TraceBody;
}
export interface DecodeAnswer {
  id: number;
  outcome: DecodeOutcome;
}

if (parentPort === null) throw new Error('the OTLP decoder runs in a worker thread');
const port = parentPort;
port.on('message', ({ id, body }: DecodeCall) => {
  port.postMessage({ id, outcome: decodeTraces(body) } satisfies DecodeAnswer);
});

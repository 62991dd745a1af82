import { parentPort } from 'node:worker_threads';
import { type DecodeOutcome, decodeExport, type OtlpBody } from './decode.ts';

/* Entry of the thread that inflates and decodes, so that a large batch delays neither requests nor the API. */

export interface DecodeCall {
  id: number;
  body: OtlpBody;
  /** Epoch ms when it came. */
  nowMs: number;
}
export interface DecodeAnswer {
  id: number;
  outcome: DecodeOutcome;
}

if (parentPort === null) throw new Error('the OTLP decoder runs in a worker thread');
const port = parentPort;
port.on('message', ({ id, body, nowMs }: DecodeCall) => {
  port.postMessage({ id, outcome: decodeExport(body, nowMs) } satisfies DecodeAnswer);
});

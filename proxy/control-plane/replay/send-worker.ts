import { parentPort } from 'node:worker_threads';
import { Sender } from './sender.ts';
import type { WireAnswer, WireCall } from './wire.ts';

/* Entry of the thread that sends a replay's calls. */

export type ToSendWorker = { type: 'send'; id: number; call: WireCall } | { type: 'cancel'; id: number };
export interface FromSendWorker {
  id: number;
  answer: WireAnswer;
}

if (parentPort === null) throw new Error('replays are sent from a worker thread');
const port = parentPort;
const sender = new Sender();

port.on('message', (message: ToSendWorker) => {
  if (message.type === 'cancel') {
    sender.cancel(message.id);
    return;
  }
  const { id, call } = message;
  void sender.send(id, call).then((answer) => port.postMessage({ id, answer } satisfies FromSendWorker));
});

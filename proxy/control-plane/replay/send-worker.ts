import { parentPort } from 'node:worker_threads';
import { wakeThisThreadOnTime } from '../../shared/thread-priority.ts';
import { Sender } from './sender.ts';
import type { WireAnswer, WireCall } from './wire.ts';

/* Entry of the thread that sends a replay's calls. */

export type ToSendWorker = { type: 'send'; id: number; call: WireCall } | { type: 'cancel'; id: number };
export interface FromSendWorker {
  id: number;
  answer: WireAnswer;
}

if (parentPort === null) throw new Error('replays are sent from a worker thread');
wakeThisThreadOnTime();
const port = parentPort;
const sender = new Sender();
let answers: FromSendWorker[] = [];

port.on('message', (messages: ToSendWorker[]) => {
  for (const message of messages) {
    if (message.type === 'cancel') sender.cancel(message.id);
    else void sender.send(message.id, message.call).then((answer) => tell({ id: message.id, answer }));
  }
});

// Ready: nothing was answered yet.
port.postMessage([] satisfies FromSendWorker[]);

/** Those that came in one round of the event loop go in one message: each wakes the control plane. */
function tell(answer: FromSendWorker): void {
  answers.push(answer);
  if (answers.length > 1) return;
  setImmediate(() => {
    port.postMessage(answers);
    answers = [];
  });
}

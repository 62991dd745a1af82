import { parentPort } from 'node:worker_threads';
import '../data-plane/worker.ts';
import type { ToDataPlane } from '../data-plane/messages.ts';

/* The real worker, except that it dies when it is asked to explain a call to this host. */
const deadlyHost = 'please-die';

parentPort?.on('message', (message: ToDataPlane) => {
  if (message.type === 'explain' && message.request.to === deadlyHost) process.exit(1);
});

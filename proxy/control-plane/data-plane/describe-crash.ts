import type { WorkerCrash } from './data-plane-workers.ts';

/** `The data plane`, or `Worker 2 of 3 of the data plane`. */
export function nameWorker({ worker, workers }: { worker: number; workers: number }): string {
  return workers === 1 ? 'The data plane' : `Worker ${worker} of ${workers} of the data plane`;
}

/** What the status says while it is away, and what the event says once. */
export function describeCrash(crash: WorkerCrash): { problem: string; message: string } {
  const problem = `${nameWorker(crash)} crashed and is being restarted`;
  const carried = crash.workers === 1 ? '' : ` with ${crash.proxies.join(', ')}`;
  return { problem, message: `${problem}${carried}: ${crash.reason.split('\n')[0]}` };
}

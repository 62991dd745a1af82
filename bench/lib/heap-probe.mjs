// Loaded into every thread of an engine under test (--import): on SIGUSR2 each collects its garbage and appends what it holds, one JSON line.
import { appendFileSync } from 'node:fs';
import { isMainThread, threadId } from 'node:worker_threads';

const channel = new BroadcastChannel('drydock-heap-probe');
channel.onmessage = report;
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('report');
    report();
  });
}

function report() {
  // Twice with a turn between: what finalizers free counts as free.
  globalThis.gc?.();
  setTimeout(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const line = JSON.stringify({ thread: threadId, heapUsed, external, timers });
    appendFileSync(process.env.DRYDOCK_HEAP_PROBE, `${line}\n`);
  }, 100);
}

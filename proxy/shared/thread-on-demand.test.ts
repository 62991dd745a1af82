import { afterEach, expect, test } from 'vitest';
import { ThreadOnDemand } from './thread-on-demand.ts';

/** Says its message back; `die` ends it with an error. */
const echo = `const { parentPort } = require('node:worker_threads');
parentPort.on('message', (message) => {
  if (message === 'die') throw new Error('as asked');
  parentPort.postMessage(message);
});`;

let thread: ThreadOnDemand<string, string>;
let heard: string[];
let crashes: string[];

function open(): void {
  heard = [];
  crashes = [];
  thread = new ThreadOnDemand({
    url: new URL(
      `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('file:///');${echo}`)}`,
    ),
    name: 'echo',
    what: 'the echo',
    youngGenerationMb: 8,
    onMessage: (message) => heard.push(message),
    onCrash: (reason) => crashes.push(reason),
  });
}
afterEach(() => thread.close());

test('a thread that died is told with its reason, and the next message starts another one', async () => {
  open();
  thread.post('one');
  await expect.poll(() => heard).toEqual(['one']);
  thread.post('die');
  await expect.poll(() => crashes).toEqual(['the echo ended: as asked']);
  thread.post('two');
  await expect.poll(() => heard).toEqual(['one', 'two']);
});

test('one that is closed starts no more, and that it ended is no crash', async () => {
  open();
  thread.post('one');
  await thread.start();
  await thread.close();
  thread.post('two');
  await thread.start();
  expect([thread.closed, heard, crashes]).toEqual([true, ['one'], []]);
});

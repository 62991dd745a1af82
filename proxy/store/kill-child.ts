import { appendFileSync } from 'node:fs';
import { makeBody, makeExchange, realClock } from './fixtures.ts';
import { Store } from './store.ts';

/*
 * A process to be killed: `kill-child.ts DATABASE ACKNOWLEDGED`. It records without end and writes the number of exchanges acknowledged
 * after each acknowledgement, so that a test can kill it at any moment and compare.
 */
const [, , path, acknowledged] = process.argv;
const store = await Store.open({ path: path!, clock: realClock });
await store.createRecording({ id: 'r1', name: 'killed', filter: {}, startedAt: new Date().toISOString() });
await store.setSetting('ports', { ingress: 8080 });
appendFileSync(acknowledged!, 'ready\n');
for (let n = 0; n < 1_000_000; n += 5) {
  const batch = [0, 1, 2, 3, 4].map((i) =>
    makeExchange(n + i, { response: { headers: [], body: makeBody('y'.repeat(2000)), trailers: [] } }),
  );
  store.insertExchanges(batch);
  const result = await store.appendToRecording('r1', batch);
  if (result.ok) appendFileSync(acknowledged!, `${result.value.exchanges}\n`);
}

import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock } from '../../store/fixtures.ts';
import { DecodeThread } from './decode-thread.ts';

let thread: DecodeThread;
let crashes: string[];
beforeEach(() => {
  crashes = [];
  thread = new DecodeThread({ clock: realClock, onCrash: (reason) => crashes.push(reason) });
});
afterEach(() => thread.close());

const body = (bytes: Uint8Array) => ({ signal: 'traces', encoding: 'json', gzip: false, bytes }) as const;

test('decodes beside the engine: a large body leaves its event loop free', async () => {
  const attributes = Array.from({ length: 20 }, (_, n) => ({ key: `key ${n}`, value: { stringValue: 'x'.repeat(40) } }));
  const span = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    name: 'n',
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
    attributes,
  };
  const request = { resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 5000 }, () => span) }] }] };
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  const outcome = await thread.decode(body(Buffer.from(JSON.stringify(request))));
  clearInterval(count);
  expect(outcome).toMatchObject({ ok: true, rejected: 0 });
  expect(outcome.ok && outcome.spans).toHaveLength(5000);
  expect(turns).toBeGreaterThan(3);
});

test('what is more than may wait is refused as unavailable, to be sent again', async () => {
  const large = new Uint8Array(30 * 1024 * 1024);
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => thread.decode(body(large))));
  expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.kind))).toContain('unavailable');
  expect(crashes).toEqual([]);
});

test('once it is closed nothing is taken any more', async () => {
  await thread.close();
  expect(await thread.decode(body(Buffer.from('{}')))).toMatchObject({ ok: false, kind: 'unavailable' });
});

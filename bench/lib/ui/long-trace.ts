import type { EngineProcess } from '../engine-process.ts';
import { sleep } from '../engine-process.ts';
import { judge, percentile } from '../figures.ts';
import { frameGaps } from '../frames.ts';
import type { UiPage } from './ui-page.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** A trace of many spans: opened, and scrolled. */
export async function measureTrace(engine: EngineProcess, ui: UiPage, spans: number): Promise<void> {
  await sendSpans(engine.ready.otlp.http, spans);
  await sleep(1500);
  const { url, token } = engine.ready.control;
  const askedAt = performance.now();
  const answer = await (await fetch(`${url}/api/v1/traces/${traceId}`, { headers: { authorization: `Bearer ${token}` } })).text();
  console.log(
    `trace of ${spans} spans: the engine answers in ${(performance.now() - askedAt).toFixed(0)} ms, ${(answer.length / 1e6).toFixed(1)} MB`,
  );
  const startedAt = performance.now();
  await ui.go(`traces/${traceId}`);
  await ui.page.getByTestId('span-row').first().waitFor();
  judge(`trace of ${spans} spans, open`, performance.now() - startedAt, 'ms', (ms) => ms <= 500, '≤ 500');
  await ui.page.getByTestId('trace-waterfall').hover();
  const scrolling = frameGaps(ui.page, 3000);
  for (let step = 0; step < 40; step++) {
    await ui.page.mouse.wheel(0, 600);
    await sleep(50);
  }
  const gaps = await scrolling;
  judge('trace, scrolling, frame p95', percentile(gaps, 0.95), 'ms', (ms) => ms <= 34, '≤ 34, two frames of a 60 Hz screen');
}

/** A tree: every span has up to ten children, over ten services. */
async function sendSpans(collector: string, count: number): Promise<void> {
  const start = Date.now() - 60_000;
  const idOf = (index: number) => (index + 1).toString(16).padStart(16, '0');
  const nanos = (ms: number) => `${Math.round(ms * 1000)}000`;
  const all = Array.from({ length: count }, (_, index) => ({
    traceId,
    spanId: idOf(index),
    ...(index === 0 ? {} : { parentSpanId: idOf(Math.floor((index - 1) / 10)) }),
    name: `step ${index}`,
    kind: 1,
    startTimeUnixNano: nanos(start + index * 0.5),
    endTimeUnixNano: nanos(start + count * 0.5 + 10),
    attributes: [{ key: 'index', value: { intValue: String(index) } }],
  }));
  for (let at = 0; at < count; at += 1000) {
    const service = { key: 'service.name', value: { stringValue: `app-${(at / 1000) % 10}` } };
    const body = {
      resourceSpans: [
        { resource: { attributes: [service] }, scopeSpans: [{ scope: { name: 'bench' }, spans: all.slice(at, at + 1000) }] },
      ],
    };
    const response = await fetch(`${collector}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`OTLP: ${response.status} ${await response.text()}`);
  }
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';

const drill = (name: string, seconds: number) => `apiVersion: drydock.dev/v1
kind: Scenario
metadata: {name: ${name}}
spec:
  description: stock fails for a while and recovers
  load:
    - {name: callers, rate: 40, for: ${seconds}s, requests: [{url: 'http://stock.localhost/items'}]}
  faults:
    - {name: broken, at: 1s, for: 1s, spec: {to: {service: stock}, abort: {httpStatus: 500}}}
  expect:
    - {name: it is seen, that: 'errors > 10%'}
    - {name: it recovers, that: 'errors < 1%', during: {from: 3s}}
`;

describe('the Scenarios screen', () => {
  let app: MeshApp;

  beforeAll(async () => {
    app = await openMeshApp('drills', { stock: {} });
    await app.ready();
  });
  afterAll(() => app?.close());

  it('offers drills to begin with, and keeps the one that is taken', async () => {
    const { page } = app;
    await page.getByTestId('nav-scenarios').click();
    await page.getByTestId('scenario-templates').waitFor();
    await app.screenshot('scenarios-empty');
    await page.getByTestId('template-retries').click();
    await page.getByTestId('scenario-row-stock-retry-storm').waitFor();
    expect(await page.getByTestId('scenario-track').count()).toBe(2);
  });

  it('runs a drill, and shows what was expected and what was found', async () => {
    const { page } = app;
    await app.api.call('apply', { body: drill('blip', 5) });
    await page.getByTestId('scenario-row-blip').click();
    await page.getByTestId('scenario-run').click();
    const state = page.getByTestId('scenario-state');
    await eventually(
      () => state.textContent(),
      (text) => text?.includes('passed') === true,
      30_000,
    );
    expect(await state.textContent()).toContain('2 of 2 met');
    const met = await page.getByTestId('scenario-expectation').allTextContents();
    expect(met.map((row) => row.includes('met') && !row.includes('not met'))).toEqual([true, true]);
    const [run] = (await app.api.call('listScenarioRuns', { query: { scenario: 'blip' } })).runs;
    expect(run?.load[0]).toMatchObject({ intended: 200, dropped: 0 });
    expect(app.upstream('stock').requests.length).toBeGreaterThanOrEqual(150);
    await app.screenshot('scenarios-done');
  });

  it('steps through a drill: nothing comes by itself, and each step brings what was announced', async () => {
    const { page } = app;
    await page.getByTestId('scenario-begin-steps').click();
    const next = page.getByTestId('scenario-next');
    await eventually(
      () => next.textContent(),
      (text) => text?.includes('fault broken begins') === true,
    );
    expect((await app.api.call('listFaults')).faults.filter(({ state }) => state === 'armed')).toEqual([]);
    await page.getByTestId('scenario-step').click();
    await eventually(
      () => app.api.call('listFaults'),
      ({ faults }) => faults.some(({ state }) => state === 'armed'),
    );
    await app.screenshot('scenarios-stepped');
    await eventually(
      () => next.textContent(),
      (text) => text?.includes('fault broken ends') === true,
    );
    await page.getByTestId('scenario-step').click();
    await eventually(
      () => next.textContent(),
      (text) => text?.includes('the end') === true,
    );
    await page.getByTestId('scenario-step').click();
    await next.waitFor({ state: 'detached' });
    const [run] = (await app.api.call('listScenarioRuns', { query: { scenario: 'blip' } })).runs;
    expect(run).toMatchObject({ stepped: { next: null, left: 0 }, baseline: null });
  });

  it('puts a fault elsewhere on the timeline, by typing and by dragging', async () => {
    const { page } = app;
    const placeOf = async () => {
      const { spec } = await app.api.call('getResource', { params: { kind: 'Scenario', namespace: 'default', name: 'blip' } });
      const { at, for: lasts } = (spec as { faults: { at: string; for: string }[] }).faults[0] ?? {};
      return `${at} ${lasts}`;
    };
    const track = page.getByTestId('scenario-track').filter({ hasText: 'broken' });
    await track.getByRole('button', { name: 'broken' }).click();
    await page.getByTestId('scenario-track-start').fill('2s');
    await page.getByTestId('scenario-track-length').fill('500ms');
    await page.getByTestId('scenario-track-place').click();
    await eventually(placeOf, (place) => place === '2s 500ms');
    await page.getByTestId('scenario-track-place').waitFor({ state: 'detached' });
    const bar = track.locator('.scn-bar');
    const box = await eventually(
      () => bar.boundingBox(),
      (found) => found !== null,
    );
    const y = (box?.y ?? 0) + (box?.height ?? 0) / 2;
    const x = (box?.x ?? 0) + (box?.width ?? 0) / 2;
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 30, y, { steps: 3 });
    await page.mouse.move(x - 2000, y, { steps: 3 });
    await page.mouse.up();
    await eventually(placeOf, (place) => place === '0s 500ms');
    await app.screenshot('scenarios-placed');
  });

  it('cancels a drill, and nothing of it stays', async () => {
    const { page } = app;
    await app.api.call('apply', { body: drill('long', 60) });
    await page.getByTestId('scenario-row-long').click();
    await page.getByTestId('scenario-run').click();
    await eventually(
      () => app.api.call('listFaults'),
      ({ faults }) => faults.some(({ state }) => state === 'armed'),
    );
    await page.getByTestId('scenario-cancel').click();
    await eventually(
      () => page.getByTestId('scenario-state').textContent(),
      (text) => text?.includes('cancelled') === true,
    );
    expect((await app.api.call('listFaults')).faults.filter(({ state }) => state === 'armed')).toEqual([]);
  });
});

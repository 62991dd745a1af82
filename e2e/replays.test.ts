import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './fixture/eventually.ts';
import { type MeshApp, openMeshApp } from './fixture/mesh-app.ts';
import { pickOption } from './fixture/pick.ts';
import { answerJson, Upstream } from './fixture/upstream.ts';

/** A recording sent again from the Recordings screen: to another address, watched, paused, judged again in place. */
describe('a replay', () => {
  let app: MeshApp;
  let next: Upstream;

  beforeAll(async () => {
    next = await Upstream.listen('stock', answerJson({ sku: 'rope', left: 8, at: 2 }));
    app = await openMeshApp('replays', { orders: {}, stock: { v1: answerJson({ sku: 'rope', left: 7, at: 1 }) } });
    await app.page.getByTestId('nav-recordings').click();
    const { id } = await app.api.call('startRecording', { body: { name: 'tour' } });
    for (let n = 0; n < 8; n++) {
      await app.call('orders', `stock/items/${n}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await app.api.call('stopRecording', { params: { id } });
    await byId('recording-row-tour').click();
  });
  afterAll(async () => {
    await app?.close();
    await next?.close();
  });

  const byId = (id: string) => app.page.getByTestId(id);
  const newest = async () => (await app.api.call('listReplays')).replays[0];

  async function pick(label: string, option: string): Promise<void> {
    const dialog = app.page.getByRole('dialog');
    await pickOption(app.page, dialog.getByLabel(label, { exact: true }).first(), option);
  }

  it('goes to the address given in the dialog, and the result opens the first difference', async () => {
    await byId('replay-start').first().click();
    await app.page.getByText('8 calls over').waitFor();
    await pick('Pace', 'As fast as possible');
    await pick('Send to', 'stock at another address…');
    await app.page.getByLabel('Address', { exact: true }).fill(`http://${next.address}`);
    await byId('replay-submit').click();
    await byId('replay-result').waitFor({ timeout: 30_000 });
    expect(await newest()).toMatchObject({ sent: 8, failed: 0, to: `stock=http://${next.address}`, pace: 'fast' });
    expect(next.requests.length).toBe(8);
    await byId('replay-diff-row').first().getByText('$.left').waitFor();
    await byId('replay-endpoint').getByText('GET /items/{}').waitFor();
    await app.page.getByText('Mann–Whitney').first().waitFor();
    await app.screenshot('replay-result');
  });

  it('ignores a path in place, without sending again, and compares it again', async () => {
    for (const path of ['$.left', '$.at']) {
      const row = byId('replay-diff-row').first().getByRole('row').filter({ hasText: path });
      await row.getByRole('button', { name: 'Ignore this path' }).click();
      await byId('replay-rules-ignore').getByText(path).waitFor();
    }
    await eventually(
      () => byId('replay-same').textContent(),
      (text) => text === '8',
    );
    expect(next.requests.length).toBe(8);
    expect(await newest()).toMatchObject({ same: 8, different: 0, verdict: 'same' });
    await app.page.getByRole('button', { name: 'Compare $.at again' }).click();
    await eventually(
      () => byId('replay-different').textContent(),
      (text) => text === '8',
    );
  });

  it('is paused, goes on and is cancelled', async () => {
    await byId('replay-start').first().click();
    await pick('Pace', 'As it was');
    await pick('Send to', 'Wherever the routes lead');
    await byId('replay-submit').click();
    const running = byId('replay-running');
    await running.getByRole('button', { name: 'Pause' }).click();
    await eventually(newest, (replay) => replay?.paused === true);
    await running.getByRole('button', { name: 'Go on' }).click();
    await eventually(newest, (replay) => replay?.paused === false || replay?.state === 'finished');
    const cancel = running.getByRole('button', { name: 'Cancel' });
    if (await cancel.isVisible()) await cancel.click({ timeout: 1000 }).catch(() => {}); // it may have ended by itself just now
    await eventually(newest, (replay) => replay?.state !== 'running');
    expect(app.complaints).toEqual([]);
  });
});

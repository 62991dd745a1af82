/**
 * Screen → what to do on it before the shutter. In order: later screens show what earlier ones made. `focus` names what the data set has to look
 * at: a caller, a callee with versions, and a recording.
 */
export const scenes = {
  async topology({ page, focus, go, settle }) {
    await go('topology?labels=p95');
    const edge = page.getByTestId(`topology-edge-${focus.caller}-${focus.callee}`).first();
    await edge.waitFor({ timeout: 60_000 });
    await settle(8_000);
    // Where sixty services stand, the edge may be beyond the window.
    await edge.dispatchEvent('click');
    await page.getByTestId('inject-delay').click();
    await settle(8_000);
  },
  async table({ go, settle }) {
    await go('topology?view=table');
    await settle(1_500);
  },
  async requests({ page, focus, go, settle }) {
    await go(`requests?filter=dest%3A${focus.callee}`);
    await page.getByTestId('request-row').first().click();
    await settle(1_500);
  },
  async traces({ page, go, settle }) {
    await go('traces');
    await page.getByTestId('trace-row').first().click();
    await settle(2_000);
  },
  async service({ focus, go, settle }) {
    await go(`service?name=${focus.service}`);
    await settle(4_000);
  },
  async faults({ go, settle }) {
    await go('faults');
    await settle(2_500);
  },
  async recordings({ api, page, focus, go, settle }) {
    const { id } = await api('POST', '/recordings', { name: focus.recording });
    await focus.send?.();
    await settle(6_000);
    await api('POST', `/recordings/${id}/stop`);
    await api('POST', `/recordings/${id}/replay`, { speed: 4 });
    await go(`recordings?id=${id}`);
    await page.getByTestId(`recording-row-${focus.recording}`).waitFor();
    await settle(6_000);
  },
  async scenarios({ page, focus, go, settle }) {
    await go('scenarios');
    if (focus.scenario) {
      await page.getByTestId(`template-${focus.scenario}`).click();
      await page.getByTestId('scenario-run').click();
      await settle(34_000);
    } else await settle(1_500);
  },
  async config({ go, settle }) {
    await go('config');
    await settle(2_500);
  },
  async security({ go, settle }) {
    await go('security');
    await settle(2_500);
  },
  async runs({ go, settle }) {
    await go('runs');
    await settle(2_500);
  },
  async settings({ go, settle }) {
    await go('settings');
    await settle(1_500);
  },
};

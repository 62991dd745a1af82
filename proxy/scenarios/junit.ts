import type { ScenarioRun } from '../api/scenario.schema.ts';
import { escapeXml } from '../shared/escape-xml.ts';

type Outcome = ScenarioRun['expectations'][number];

/** A scenario that could not even be started. */
export interface NotStarted {
  scenario: string;
  message: string;
}

/**
 * Runs as a JUnit report. The format has no specification and several CI systems drop suite names, properties and messages, so everything that
 * matters stands in a test case's name and in the text of its failure: what was expected of which edge, what was measured, the seed and the
 * command that repeats it. A broken setup is an error; no data is a failure.
 */
export function junitReport(runs: readonly (ScenarioRun | NotStarted)[], commandOf: (run: ScenarioRun) => string): string {
  const suites = runs.map((run) => ('id' in run ? suiteOf(run, commandOf(run)) : brokenSuite(run)));
  const sum = (field: 'tests' | 'failures' | 'errors') => suites.reduce((total, suite) => total + suite[field], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}">`,
    ...suites.map(({ xml }) => xml),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Suite {
  tests: number;
  failures: number;
  errors: number;
  xml: string;
}

function suiteOf(run: ScenarioRun, command: string): Suite {
  const isBroken = run.state === 'error' || run.state === 'cancelled';
  const cases = run.expectations.map((outcome) => caseOf(run, outcome, command));
  // Said on its own: expectations cannot say that nothing could be carried out, and there may be none.
  const whole = isBroken ? testCase(run, 'is carried out', element('error', run.state, run.message, command, run)) : '';
  if (whole !== '' || cases.length === 0) cases.unshift(whole || testCase(run, 'is carried out', ''));
  const failures = run.expectations.filter((outcome) => !isUndecided(run, outcome) && outcome.state !== 'passed').length;
  const errors = isBroken ? 1 : 0;
  const skipped = run.expectations.filter((outcome) => isUndecided(run, outcome)).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="${skipped}"`;
  const when = `timestamp="${escapeXml(run.startedAt.slice(0, 19))}" time="${seconds(run.elapsedMs)}"`;
  const xml = [
    `  <testsuite name="${escapeXml(`scenario ${run.scenario}`)}" ${counts} ${when}>`,
    '    <properties>',
    `      <property name="seed" value="${run.seed}"/>`,
    `      <property name="run" value="${escapeXml(run.id)}"/>`,
    `      <property name="valid" value="${run.valid}"/>`,
    '    </properties>',
    ...cases,
    '  </testsuite>',
  ].join('\n');
  return { tests: cases.length, failures, errors, xml };
}

function brokenSuite({ scenario, message }: NotStarted): Suite {
  const name = escapeXml(`scenario ${scenario}`);
  const xml = [
    `  <testsuite name="${name}" tests="1" failures="0" errors="1" skipped="0">`,
    `    <testcase classname="${name}" name="is carried out">`,
    `      <error type="setup" message="${escapeXml(message)}">${escapeXml(message)}</error>`,
    '    </testcase>',
    '  </testsuite>',
  ].join('\n');
  return { tests: 1, failures: 0, errors: 1, xml };
}

function caseOf(run: ScenarioRun, outcome: Outcome, command: string): string {
  const name = outcome.name === outcome.text ? outcome.text : `${outcome.name}: ${outcome.text}`;
  if (isUndecided(run, outcome)) return testCase(run, name, '      <skipped message="not decided: the run was broken off"/>');
  if (outcome.state === 'passed') return testCase(run, name, '', outcome.atMs);
  const message = `${outcome.text}: ${outcome.actual || outcome.state}`;
  return testCase(run, name, element('failure', outcome.state, message, command, run, outcome), outcome.atMs);
}

/** Nothing was measured because the run did not get that far: that is the setup's fault and told once. */
function isUndecided(run: ScenarioRun, { state }: Outcome): boolean {
  return (run.state === 'error' || run.state === 'cancelled') && (state === 'no_data' || state === 'waiting');
}

function testCase(run: ScenarioRun, name: string, content: string, atMs: number | null = null): string {
  const open = `    <testcase classname="${escapeXml(run.scenario)}" name="${escapeXml(name)}" time="${seconds(atMs ?? run.elapsedMs)}"`;
  return content === '' ? `${open}/>` : `${open}>\n${content}\n    </testcase>`;
}

function element(
  kind: 'failure' | 'error',
  type: string,
  message: string,
  command: string,
  run: ScenarioRun,
  outcome?: Outcome,
): string {
  const lines = [
    message,
    ...(outcome?.message ? [outcome.message] : []),
    ...(run.valid ? [] : ['The load generator could not keep its schedule: latencies say little.']),
    ...(outcome && outcome.traceIds.length > 0 ? [`traces: ${outcome.traceIds.join(', ')}`] : []),
    `seed: ${run.seed}`,
    `again: ${command}`,
  ];
  const text = escapeXml(lines.join('\n'));
  return `      <${kind} type="${escapeXml(type)}" message="${escapeXml(message)}">${text}</${kind}>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

import type { Difference, EndpointResult, Replay } from '../../api/replay.schema.ts';
import { escapeXml } from '../../shared/escape-xml.ts';

/** Differences shown of one endpoint. */
const maxShown = 20;

/**
 * A replay as a JUnit report: one test case per endpoint, and its differences with the command that repeats them in the text of the failure, because
 * several CI systems drop everything else. A replay that sent nothing is a failure.
 */
export function junitReport(replay: Replay, command = ''): string {
  const suite = `replay ${replay.recordingName}`;
  const endpoints = replay.endpoints ?? [];
  const cases =
    endpoints.length > 0
      ? endpoints.map((endpoint) => caseOf(suite, endpoint, replay, command))
      : callCases(suite, replay, command);
  if (replay.state === 'cancelled')
    cases.unshift(
      failure(
        suite,
        'is carried out',
        replay.problem || 'cancelled',
        `${replay.sent} of ${replay.total} calls were sent`,
        command,
      ),
    );
  else if (replay.sent === 0)
    cases.unshift(failure(suite, 'is carried out', 'nothing was sent', 'The recording has no calls to send again', command));
  const failures = cases.filter((one) => one.includes('<failure')).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeXml(suite)}" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(suite: string, endpoint: EndpointResult, replay: Replay, command: string): string {
  const name = `${endpoint.endpoint} (${endpoint.destination}, ${endpoint.calls} ${endpoint.calls === 1 ? 'call' : 'calls'})`;
  if (endpoint.different === 0 && endpoint.failed === 0) return testCase(suite, name, '');
  const own = replay.differences.filter((difference) => difference.endpoint === endpoint.endpoint);
  const more = own.length > maxShown || endpoint.different > own.length ? '\n…' : '';
  const text = own.slice(0, maxShown).map(describe).join('\n') + more;
  const message = `${endpoint.verdict}: ${endpoint.different} of ${endpoint.calls} answers differ, ${endpoint.failed} failed`;
  return failure(suite, name, message, text, command);
}

/** Of a replay made by an older engine: each call that differed, and one for the rest. */
function callCases(suite: string, replay: Replay, command: string): string[] {
  const differing = replay.differences.map((difference) => {
    const message = difference.replayed.error || `${difference.fields.length} differences`;
    return failure(suite, `${difference.method} ${difference.path}`, message, describe(difference), command);
  });
  return [...differing, testCase(suite, `${replay.same} answers are the same`, '')];
}

function failure(suite: string, name: string, message: string, text: string, command: string): string {
  const repeat = command === '' ? '' : `\n\nRepeat: ${command}`;
  return testCase(suite, name, `      <failure message="${escapeXml(message)}">${escapeXml(text + repeat)}</failure>`);
}

function testCase(suite: string, name: string, inside: string): string {
  const head = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`;
  return inside === '' ? `${head}/>` : `${head}>\n${inside}\n    </testcase>`;
}

function describe({ method, path, fields, replayed }: Difference): string {
  const trace = replayed.traceId ? `  (trace ${replayed.traceId})` : '';
  return [`${method} ${path}${trace}`, ...fields.map((field) => `  ${field.path}: ${field.recorded} -> ${field.replayed}`)].join(
    '\n',
  );
}

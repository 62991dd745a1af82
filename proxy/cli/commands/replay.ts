import { writeFile } from 'node:fs/promises';
import type { Difference, Replay } from '../../api/replay.schema.ts';
import { escapeXml } from '../../shared/escape-xml.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, number, text, texts, UsageError } from '../command.ts';

const pollMs = 100;

export const command: Command = {
  usage: 'replay NAME [--speed 2] [--to reviews=v2] [--diff] [--ignore FIELD]… [--junit FILE]',
  summary: 'Sends the root calls of a recording again. With --diff or --junit: exit code 1 when an answer differs.',
  options: {
    speed: { type: 'string' },
    to: { type: 'string' },
    diff: { type: 'boolean' },
    ignore: { type: 'string', multiple: true },
    junit: { type: 'string' },
  },
  async run(context) {
    const { values, positionals, json, out } = context;
    const [name] = positionals;
    if (!name) throw new UsageError('name the recording');
    const client = await EngineClient.open(context.home);
    const junit = text(values, 'junit');
    const diff = values.diff === true || junit !== undefined;
    const body = { speed: number(values, 'speed'), to: text(values, 'to'), diff, ignore: texts(values, 'ignore') };
    let replay = await client.call('startReplay', { params: { id: name }, body });
    const cancel = () => void client.call('cancelReplay', { params: { id: replay.id }, body: {} });
    process.once('SIGINT', cancel);
    while (replay.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      replay = await client.call('getReplay', { params: { id: replay.id } });
    }
    if (junit) await writeFile(junit, junitReport(replay));
    if (json) out.json(replay);
    else print(context, replay);
    const isUnmet = replay.failed > 0 || (diff && replay.different > 0) || replay.state === 'cancelled';
    return isUnmet ? 1 : 0;
  },
};

function print({ out }: CommandContext, replay: Replay): void {
  out.line(
    `${replay.recordingName}: ${replay.sent} sent, ${replay.same} the same, ${replay.different} different, ${replay.failed} failed`,
  );
  for (const difference of replay.differences) {
    out.line(
      `  ${difference.method} ${difference.path}  ${difference.recorded.status} → ${difference.replayed.status}  ${difference.replayed.error}`,
    );
    for (const field of difference.fields) {
      out.line(`    ${field.path}: ${out.style('red', field.recorded)} → ${out.style('green', field.replayed)}`);
    }
  }
}

/** One test case per call that differed, and one for the rest. */
export function junitReport(replay: Replay): string {
  const cases = replay.differences.map((difference) => {
    const message = difference.replayed.error || `${difference.fields.length} differences`;
    return (
      `    <testcase classname="${escapeXml(replay.recordingName)}" name="${escapeXml(`${difference.method} ${difference.path}`)}">\n` +
      `      <failure message="${escapeXml(message)}">${escapeXml(describe(difference))}</failure>\n    </testcase>`
    );
  });
  const passed = `    <testcase classname="${escapeXml(replay.recordingName)}" name="${replay.same} answers are the same"/>`;
  const failures = replay.differences.length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${failures + 1}" failures="${failures}">`,
    `  <testsuite name="replay ${escapeXml(replay.recordingName)}" tests="${failures + 1}" failures="${failures}">`,
    ...cases,
    passed,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function describe({ fields }: Difference): string {
  return fields.map((field) => `${field.path}: ${field.recorded} -> ${field.replayed}`).join('\n');
}

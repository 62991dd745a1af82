import { writeFile } from 'node:fs/promises';
import type { ReplayPlan, ReplayRequest } from '../../api/replay.schema.ts';
import { quoteForShell } from '../../api/shell-quote.ts';
import { EngineClient } from '../client.ts';
import { type Command, CommandError, number, type OptionValues, text, texts, UsageError } from '../command.ts';
import type { Output } from '../output.ts';
import { junitReport } from '../replay/junit.ts';
import { printReplay } from '../replay/print-replay.ts';
import { watchReplay } from '../replay/watch-replay.ts';

const paces = ['original', 'fast', 'one-by-one'] as const;
const streamModes = ['lock-step', 'timed'] as const;

export const command: Command = {
  usage:
    'replay NAME [--speed 2] [--pace original|fast|one-by-one] [--max-idle 5s] [--concurrency N] [--streams lock-step|timed]\n' +
    '    [--to reviews=v2|reviews=http://127.0.0.1:9999] [--mock-dependencies] [--allow-remote HOST]…\n' +
    '    [--capture RULE]… [--auto-variables] [--no-cookies]\n' +
    '    [--diff] [--ignore PATH]… [--unordered PATH]… [--tolerance PATH±N]… [--noise [--noise-writes]] [--junit FILE] | replay NAME --plan',
  summary:
    'Sends the root calls of a recording again; services make their own. With --diff, --noise or --junit: exit code 1 when an answer differs.\n' +
    "--capture 'token=$.access_token from POST /login' puts what answers give into later requests; --plan shows what a replay would need.",
  options: {
    speed: { type: 'string' },
    pace: { type: 'string' },
    'max-idle': { type: 'string' },
    concurrency: { type: 'string' },
    streams: { type: 'string' },
    to: { type: 'string' },
    'allow-remote': { type: 'string', multiple: true },
    capture: { type: 'string', multiple: true },
    'auto-variables': { type: 'boolean' },
    'no-cookies': { type: 'boolean' },
    'mock-dependencies': { type: 'boolean' },
    diff: { type: 'boolean' },
    ignore: { type: 'string', multiple: true },
    unordered: { type: 'string', multiple: true },
    tolerance: { type: 'string', multiple: true },
    noise: { type: 'boolean' },
    'noise-writes': { type: 'boolean' },
    junit: { type: 'string' },
    plan: { type: 'boolean' },
  },
  async run(context) {
    const { values, positionals, json, out } = context;
    const [name] = positionals;
    if (!name) throw new UsageError('name the recording');
    const request = readOptions(values);
    const client = await EngineClient.open(context.home);
    if (values.plan === true) {
      const plan = await client.call('planReplay', { params: { id: name } });
      if (json) out.json(plan);
      else printPlan(out, plan);
      return 0;
    }
    const started = await client.call('startReplay', { params: { id: name }, body: request });
    const replay = await watchReplay(client, started, out);
    const junit = text(values, 'junit');
    if (junit !== undefined) {
      await writeFile(junit, junitReport(replay, commandLine(name, values))).catch((error: Error) => {
        throw new CommandError(`${junit} cannot be written: ${error.message}`);
      });
    }
    if (json) out.json(replay);
    else printReplay(out, replay);
    const isUnmet = replay.failed > 0 || (request.diff && replay.different > 0) || replay.state === 'cancelled';
    return isUnmet ? 1 : 0;
  },
};

function readOptions(values: OptionValues) {
  const wants = ['junit', 'ignore', 'unordered', 'tolerance'].some((name) => values[name] !== undefined);
  const diff = values.diff === true || values.noise === true || wants;
  const concurrency = number(values, 'concurrency');
  return {
    speed: number(values, 'speed'),
    pace: oneOf(values, 'pace', paces),
    maxIdle: text(values, 'max-idle'),
    concurrency,
    streams: oneOf(values, 'streams', streamModes),
    to: text(values, 'to'),
    confirmRemote: texts(values, 'allow-remote'),
    variables: texts(values, 'capture'),
    autoVariables: values['auto-variables'] === true,
    cookies: values['no-cookies'] !== true,
    ...(values['mock-dependencies'] === true ? { dependencies: 'recorded' as const } : {}),
    diff,
    ignore: texts(values, 'ignore'),
    unordered: texts(values, 'unordered'),
    tolerance: texts(values, 'tolerance'),
    noise: values.noise === true,
    noiseWrites: values['noise-writes'] === true,
  } satisfies Partial<Record<keyof ReplayRequest, unknown>>;
}

function oneOf<T extends string>(values: OptionValues, name: string, known: readonly T[]): T | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined) throw new UsageError(`--${name} is one of ${known.join(', ')}`);
  return found;
}

/** The same again, for whoever reads the report. */
function commandLine(name: string, values: OptionValues): string {
  const words = ['npx', 'drydock', 'replay', name];
  for (const option of Object.keys(command.options)) {
    const value = values[option];
    if (value === true) words.push(`--${option}`);
    else
      for (const one of Array.isArray(value) ? value : value === undefined || value === false ? [] : [value])
        words.push(`--${option}`, String(one));
  }
  return words.map(quoteForShell).join(' ');
}

function printPlan(out: Output, { calls, spanMs, methods, suggestions, notes, remoteHosts = [] }: ReplayPlan): void {
  const kinds = Object.entries(methods).map(([method, count]) => `${count} ${method}`);
  out.line(`${calls} calls over ${(spanMs / 1000).toFixed(1)} s${kinds.length > 0 ? `: ${kinds.join(', ')}` : ''}`);
  for (const { text: note, calls: count } of notes) out.line(`${count} × ${note}`);
  for (const host of remoteHosts) out.line(`Sends to ${host}, which is not on this machine: --allow-remote ${host}`);
  if (suggestions.length > 0) out.line('\nAnswers give what later requests repeat; --auto-variables uses all of these:');
  for (const { rule, requests, where } of suggestions)
    out.line(`  --capture ${quoteForShell(rule)}   ${out.style('dim', `${requests} requests, ${where}`)}`);
}

import path from 'node:path';
import { parseArgs } from 'node:util';
import { defaultHome } from '../control-plane/home.ts';
import { nearest } from '../shared/nearest.ts';
import { type Command, CommandError, type OptionValues, UsageError } from './command.ts';
import { commands } from './commands.ts';
import { Output } from './output.ts';

const commonOptions = {
  json: { type: 'boolean' },
  home: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Runs one command line; returns the exit code: 0 done, 1 it failed or an expectation was not met, 2 usage. */
export async function main(argv: string[]): Promise<number> {
  const out = new Output({
    isTerminal: process.stdout.isTTY === true,
    colour: wantsColour(process.env, process.stdout.isTTY === true),
    columns: () => process.stdout.columns,
    write: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
  });
  // `drydock get | head`: the reader has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    printUsage(out);
    return name === undefined ? 2 : 0;
  }
  const load = commands[name];
  if (!load) {
    const close = nearest(name, Object.keys(commands));
    out.error(`drydock: there is no command ${JSON.stringify(name)}${close ? `; did you mean ${close}?` : ''}`);
    printUsage({ line: (text = '') => out.error(text) });
    return 2;
  }
  const { command } = await load();
  return runCommand(name, command, rest, out);
}

/** https://no-color.org, any value but the empty one; https://force-color.org, where a pager or a build log shows colours. */
function wantsColour({ NO_COLOR, FORCE_COLOR }: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (NO_COLOR) return false;
  return FORCE_COLOR ? FORCE_COLOR !== '0' && FORCE_COLOR !== 'false' : isTerminal;
}

async function runCommand(name: string, command: Command, argv: string[], out: Output): Promise<number> {
  const wantsJson = argv.includes('--json');
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { ...command.options, ...commonOptions },
      allowPositionals: true,
    });
    if (values.help === true) {
      out.line(`usage: drydock ${command.usage}\n\n${command.summary}`);
      return 0;
    }
    const home = typeof values.home === 'string' ? path.resolve(values.home) : defaultHome();
    return await command.run({ values: values as OptionValues, positionals, home, json: values.json === true, out });
  } catch (error) {
    const isUsage = error instanceof UsageError || String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
    if (isUsage) {
      out.error(`drydock ${name}: ${(error as Error).message}\nusage: drydock ${command.usage}`);
      return 2;
    }
    if (!(error instanceof CommandError)) throw error;
    if (wantsJson) out.json({ error: { message: error.message, details: error.details } });
    else out.error([`drydock: ${error.message}`, ...suggestionsOf(error.details)].join('\n    → '));
    return 1;
  }
}

/** What the diagnostics behind a refusal advise. */
function suggestionsOf(details: unknown): string[] {
  if (!Array.isArray(details)) return [];
  return details.flatMap((detail: { suggestion?: unknown }) =>
    typeof detail?.suggestion === 'string' ? [detail.suggestion] : [],
  );
}

function printUsage(out: Pick<Output, 'line'>): void {
  out.line('usage: drydock <command> [options]');
  out.line();
  for (const [name, summary] of Object.entries(summaries)) out.line(`  ${name.padEnd(10)} ${summary}`);
  out.line();
  out.line('Every command takes --json, --home DIR and --help.');
}

const summaries: Record<string, string> = {
  up: 'start the engine and a mesh from files; Ctrl-C drains and stops',
  down: 'stop the running engine',
  status: 'services, workloads, ports, health, certificates',
  apply: 'apply resources from files, live and atomically',
  delete: 'remove a resource',
  get: 'show resources',
  lint: 'everything that is wrong or without effect in files',
  explain: 'which objects and rules would apply to a request',
  tap: 'live requests, one line each',
  messages: 'what passes in a WebSocket, an event stream, a gRPC call',
  trace: 'traces: ls, show ID',
  fault: 'faults: add, ls, rm, stop',
  record: 'recordings: start, next, stop, show, trim, merge, note, export, import',
  replay: 'send a recording again and compare',
  scenario: 'load, faults and changes on a timeline, and what must hold: run FILE, ls, show ID',
  export: 'the configuration for a real mesh: istio, gateway-api, envoy',
  ca: 'the local certificate authority',
  cert: 'workload certificates: ls, show, rotate',
  doctor: 'check this machine and home folder',
  open: 'open the user interface',
};

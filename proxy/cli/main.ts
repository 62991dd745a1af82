import path from 'node:path';
import { parseArgs } from 'node:util';
import { defaultHome } from '../control-plane/home.ts';
import { nearest } from '../shared/nearest.ts';
import { productVersion } from '../shared/product-version.ts';
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
  if (name === '--version' || name === '-v') {
    out.line(productVersion());
    return 0;
  }
  const entry = commands.get(name);
  if (!entry) {
    const close = nearest(name, [...commands.keys()]);
    out.error(`drydock: there is no command ${JSON.stringify(name)}${close ? `; did you mean ${close}?` : ''}`);
    printUsage({ line: (text = '') => out.error(text) });
    return 2;
  }
  const { command } = await entry.load();
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
  for (const [name, { summary }] of commands) out.line(`  ${name.padEnd(10)} ${summary}`);
  out.line();
  out.line('Every command takes --json, --home DIR and --help; drydock --version tells its own.');
}

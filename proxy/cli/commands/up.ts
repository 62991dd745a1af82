import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { HomeBusy } from '../../control-plane/home.ts';
import { type Command, type CommandContext, number, texts, UsageError } from '../command.ts';
import { printReady } from '../ready-text.ts';
import { toldDiagnostics } from '../told-diagnostics.ts';

const defaultFile = 'drydock.yaml';

export const command: Command = {
  usage: 'up [-f FILE|FOLDER]… [--headless] [--control-port N] [--toxiproxy-port N]',
  summary: 'Starts the engine and the mesh and follows file changes. Ctrl-C drains and stops.',
  options: {
    file: { type: 'string', short: 'f', multiple: true },
    headless: { type: 'boolean' },
    'control-port': { type: 'string' },
    'toxiproxy-port': { type: 'string' },
  },
  async run(context) {
    const paths = filesOf(context);
    const controlPort = number(context.values, 'control-port');
    const toxiproxyPort = number(context.values, 'toxiproxy-port');
    try {
      const { runEngine } = await import('../../main.ts');
      const { ready, finished } = await runEngine({ home: context.home, paths, controlPort, toxiproxyPort });
      if (context.json) context.out.json(ready);
      else printReady(context.out, ready, { toxiproxyPort });
      const code = await finished;
      // Whatever still holds the event loop must not hold the terminal.
      setTimeout(() => process.exit(code), 500).unref();
      return code;
    } catch (error) {
      return failed(context, error);
    }
  },
};

function filesOf({ values, positionals }: CommandContext): string[] {
  if (positionals.length > 0) throw new UsageError(`files are named with -f, e.g. -f ${positionals[0]}`);
  const named = texts(values, 'file');
  if (named.length > 0) return named;
  if (existsSync(defaultFile)) return [defaultFile];
  throw new UsageError(`there is no ${defaultFile} in ${path.resolve('.')}; name a file or folder with -f`);
}

function failed({ json, out }: CommandContext, error: unknown): number {
  const told = toldDiagnostics(error);
  const code = error instanceof HomeBusy ? 'DD1203' : 'DD1200';
  const diagnostics: Diagnostic[] = told ?? [{ severity: 'error', code, message: (error as Error).message }];
  if (json) out.json({ event: 'error', diagnostics });
  else {
    out.diagnostics(diagnostics);
    out.error('drydock: the mesh was not started');
  }
  if (told === null && !(error instanceof HomeBusy)) out.error((error as Error).stack ?? '');
  setTimeout(() => process.exit(1), 500).unref();
  return 1;
}

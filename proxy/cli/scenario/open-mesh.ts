import { HomeBusy, readEngineFile } from '../../control-plane/home.ts';
import { EngineClient } from '../client.ts';
import { type CommandContext, CommandError, UsageError } from '../command.ts';
import { toldDiagnostics } from '../told-diagnostics.ts';
import type { NamedScenario, ScenarioFiles } from './read-files.ts';

/** An engine to run scenarios on: the one that runs, or one of our own. */
export interface OpenedMesh {
  client: EngineClient;
  /** What to ask the engine for. */
  request(scenario: NamedScenario): { name: string; namespace?: string } | { yaml: string };
  /** Stops an engine of our own. */
  close(): Promise<void>;
}

export async function openMesh({ home, out }: CommandContext, files: ScenarioFiles): Promise<OpenedMesh> {
  const running = await readEngineFile(home);
  if (running) {
    if (files.others.length > 0) {
      out.error(`drydock: the engine of ${home} runs already and is used as it is; not applied: ${files.others.join(', ')}`);
    }
    return {
      client: new EngineClient(running),
      request: ({ yaml }) => ({ yaml }),
      close: async () => {},
    };
  }
  if (!files.hasMesh) {
    throw new UsageError(`no engine runs for ${home}, and the files hold no Mesh to start one with: name its file with -f`);
  }
  const { Engine } = await import('../../engine.ts');
  const engine = await Engine.start({ home, paths: files.paths }).catch((error: Error) => {
    throw asCommandError(error);
  });
  const { control } = engine.ready();
  return {
    client: new EngineClient({ pid: process.pid, ...control }),
    request: ({ name, namespace }) => (namespace === '' ? { name } : { name, namespace }),
    close: () => engine.stop(),
  };
}

function asCommandError(error: Error): Error {
  if (error instanceof HomeBusy) return new CommandError(error.message);
  const diagnostics = toldDiagnostics(error);
  if (diagnostics === null) return error;
  const first = diagnostics.find(({ severity }) => severity === 'error');
  const place = first?.file ? `${first.file}${first.line ? `:${first.line}` : ''} ` : '';
  return new CommandError(`the mesh was not started: ${place}${first?.message ?? error.message}`, diagnostics);
}

import { hasErrors, loadFiles } from '../../config/index.ts';
import { CommandError, UsageError } from '../command.ts';

export interface NamedScenario {
  name: string;
  namespace: string;
  /** The document alone. */
  yaml: string;
}

export interface ScenarioFiles {
  scenarios: NamedScenario[];
  /** Everything named, to start an engine with. */
  paths: string[];
  hasMesh: boolean;
  /** `Mesh shop`: what else the files hold. */
  others: string[];
  /** As the command line named them, for repeating it. */
  arguments: string;
}

/** The scenarios of a file (or folder), in its order; `name` picks one. */
export async function readScenarioFiles(file: string, more: readonly string[], name?: string): Promise<ScenarioFiles> {
  const [own, rest] = await Promise.all([loadFiles([file]), loadFiles(more)]);
  const diagnostics = [...own.diagnostics, ...rest.diagnostics];
  if (own.files.length === 0) throw new UsageError(diagnostics[0]?.message ?? `${file} cannot be read`);
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (hasErrors(diagnostics) && wrong) {
    throw new CommandError(`${wrong.file ?? file}${wrong.line ? `:${wrong.line}` : ''} ${wrong.message}`, diagnostics);
  }
  const all = own.documents.filter(({ kind }) => kind === 'Scenario');
  const scenarios = all
    .filter((document) => name === undefined || document.name === name)
    .map((document) => ({ name: document.name, namespace: document.namespace, yaml: document.yaml }));
  if (scenarios.length === 0) {
    const known = all.map((document) => document.name).join(', ');
    throw new UsageError(known ? `${file} has no scenario ${name}, but ${known}` : `${file} holds no document of kind Scenario`);
  }
  const others = [...own.documents, ...rest.documents].filter(({ kind }) => kind !== 'Scenario');
  return {
    scenarios,
    paths: [file, ...more],
    hasMesh: others.some(({ kind }) => kind === 'Mesh'),
    others: others.map((document) => `${document.kind} ${document.name}`),
    arguments: [file, ...more.flatMap((one) => ['-f', one])].map(quoted).join(' '),
  };
}

/** For a shell. */
function quoted(argument: string): string {
  return /^[\w./@%+=:,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

import { writeFile } from 'node:fs/promises';
import type { ScenarioRun } from '../../api/scenario.schema.ts';
import { junitReport } from '../../scenarios/junit.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, number, text, texts, UsageError } from '../command.ts';
import { openMesh } from '../scenario/open-mesh.ts';
import { printRun, shortOutcome } from '../scenario/print-run.ts';
import { readScenarioFiles, type ScenarioFiles } from '../scenario/read-files.ts';
import { watchRun } from '../scenario/watch-run.ts';

export const command: Command = {
  usage:
    'scenario run FILE [-f FILE]… [--name N] [--seed N] [--step] [--junit FILE] | scenario ls [NAME] | scenario show [ID]   (--json prints the run)',
  summary:
    'Carries out the scenarios of a file: load, faults, changes, expectations. Uses the running engine, or starts one with the mesh in the files\n' +
    'and stops it again. With --step each later entry of the timeline waits for Enter. Exit code 0 when every expectation is met, 1 when not.\n' +
    'Ctrl-C ends the run and puts everything back.',
  options: {
    file: { type: 'string', short: 'f', multiple: true },
    name: { type: 'string' },
    seed: { type: 'string' },
    junit: { type: 'string' },
    step: { type: 'boolean' },
  },
  async run(context) {
    const [action, subject, ...more] = context.positionals;
    if (more.length > 0)
      throw new UsageError(`one ${action === 'run' ? 'file' : 'run'} at a time; more files of the mesh with -f`);
    if (action === 'run' && subject) return run(context, subject);
    if (action === 'ls') return list(context, subject);
    if (action === 'show') return show(context, subject);
    throw new UsageError(action === 'run' ? 'name the file of the scenario' : 'say run FILE, ls or show ID');
  },
};

async function run(context: CommandContext, file: string): Promise<number> {
  const { values, json, out } = context;
  const seed = number(values, 'seed');
  if (seed !== undefined && !Number.isInteger(seed)) throw new UsageError('--seed wants a whole number');
  const files = await readScenarioFiles(file, texts(values, 'file'), text(values, 'name'));
  const junit = text(values, 'junit');
  const runs: ScenarioRun[] = [];
  try {
    const mesh = await openMesh(context, files);
    try {
      for (const scenario of files.scenarios) {
        const finished = await watchRun(context, mesh, { ...scenario, seed, stepped: values.step === true });
        runs.push(finished);
        if (!json) printRun(out, finished);
        if (finished.state === 'cancelled') break;
      }
    } finally {
      await mesh.close();
    }
  } catch (error) {
    if (junit !== undefined && error instanceof CommandError) await writeReport(junit, runs, files, error.message);
    throw error;
  }
  if (junit !== undefined) await writeReport(junit, runs, files, '');
  if (json) out.json(runs.length === 1 ? runs[0] : { runs });
  return runs.length === files.scenarios.length && runs.every(({ state }) => state === 'passed') ? 0 : 1;
}

/** Scenarios that had no turn are told as well: what is missing in a report looks as if it had passed. */
async function writeReport(path: string, runs: readonly ScenarioRun[], files: ScenarioFiles, problem: string): Promise<void> {
  const missing = files.scenarios
    .slice(runs.length)
    .map(({ name }) => ({ scenario: name, message: problem || 'it was not begun' }));
  const commandOf = ({ seed, scenario }: ScenarioRun) =>
    `npx drydock scenario run ${files.arguments}${files.scenarios.length > 1 ? ` --name ${scenario}` : ''} --seed ${seed}`;
  await writeFile(path, junitReport([...runs, ...missing], commandOf)).catch((error: Error) => {
    throw new CommandError(`${path} cannot be written: ${error.message}`);
  });
}

async function list({ home, json, out }: CommandContext, scenario?: string): Promise<number> {
  const { runs } = await (await EngineClient.open(home)).call('listScenarioRuns', { query: { scenario } });
  if (json) out.json({ runs });
  else {
    const rows = runs.map((one) => [one.id, `${one.scenario} #${one.number}`, one.state, one.startedAt, shortOutcome(one)]);
    out.table(['ID', 'SCENARIO', 'STATE', 'STARTED', 'EXPECTATIONS'], rows);
  }
  return 0;
}

async function show({ home, json, out }: CommandContext, id?: string): Promise<number> {
  const client = await EngineClient.open(home);
  const newest = id === undefined ? (await client.call('listScenarioRuns', {})).runs[0] : undefined;
  const found = newest ?? (id === undefined ? null : await client.call('getScenarioRun', { params: { id } }));
  if (!found) throw new CommandError('No scenario has been run yet');
  if (json) out.json(found);
  else printRun(out, found);
  return 0;
}

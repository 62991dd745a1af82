import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ScenarioRun } from '../../api/scenario.schema.ts';
import { type CommandContext, CommandError } from '../command.ts';
import type { OpenedMesh } from './open-mesh.ts';
import { JournalLines, LiveView } from './progress.ts';
import type { NamedScenario } from './read-files.ts';
import { StepByHand } from './step-by-hand.ts';

const pollMs = 250;
/** A terminal and a wrapper may both hand on the same Ctrl-C. */
const sameSignalMs = 1000;

/** Starts a scenario and shows it until it is over. Ctrl-C cancels: the engine puts everything back first. A second one leaves at once. */
export async function watchRun(
  { json, out }: CommandContext,
  mesh: OpenedMesh,
  scenario: NamedScenario & { seed: number | undefined; stepped: boolean },
): Promise<ScenarioRun> {
  const { client } = mesh;
  const { seed, stepped } = scenario;
  const body = { ...mesh.request(scenario), ...(seed === undefined ? {} : { seed }), ...(stepped ? { stepped } : {}) };
  let run = await client.call('startScenario', { body }).catch((error: Error) => {
    throw withPlaces(error, scenario.name);
  });
  const view = json ? null : out.isTerminal && !stepped ? new LiveView(out) : new JournalLines(out);
  const steps = stepped ? new StepByHand(client, out) : null;
  let cancelledAt = 0;
  const cancel = () => {
    const now = performance.now();
    if (cancelledAt === 0) {
      cancelledAt = now;
      if (!json) out.error('drydock: ending the run and putting everything back …');
      void client
        .call('cancelScenarioRun', { params: { id: run.id } })
        .catch((error: Error) => out.error(`drydock: ${error.message}`));
    } else if (now - cancelledAt > sameSignalMs) process.exit(130);
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  try {
    while (run.state === 'running') {
      view?.show(run);
      steps?.show(run);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      run = await client.call('getScenarioRun', { params: { id: run.id } });
    }
    view?.end(run);
    return run;
  } finally {
    steps?.close();
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

/** Everything that is wrong with the scenario, each with its place and what to write instead. */
function withPlaces(error: Error, scenario: string): Error {
  if (!(error instanceof CommandError) || !Array.isArray(error.details)) return error;
  const lines = (error.details as Diagnostic[]).map(({ file, line, code, message, suggestion }) => {
    // Sent as a text, it has no file, and its lines are its own.
    const place = file === undefined || file === 'scenario' ? '' : `${file}:${line ?? 1} `;
    return `${place}${code} ${message}${suggestion ? ` ${suggestion}` : ''}`;
  });
  return new CommandError(`${scenario} cannot be run:\n  ${lines.join('\n  ')}`, error.details);
}

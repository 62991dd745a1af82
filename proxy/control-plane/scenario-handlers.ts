import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { type Scenario, type ScenarioRunRequest, scenarioSchema } from '../api/scenario.schema.ts';
import { hasErrors, type ParsedResource, parseText } from '../config/index.ts';
import type { Scenarios } from '../scenarios/scenarios.ts';
import type { Configuration } from './apply.ts';
import { ApiError } from './server/api-error.ts';
import type { ApiHandlers } from './server/route-table.ts';

export type ScenarioHandlers = Pick<ApiHandlers, 'startScenario' | 'listScenarioRuns' | 'getScenarioRun' | 'cancelScenarioRun'>;

export function createScenarioHandlers({
  scenarios,
  configuration,
}: {
  scenarios: Scenarios;
  configuration: Configuration;
}): ScenarioHandlers {
  const missing = (id: string) => new ApiError('not_found', `There is no run ${id}; the last fifty are kept`);
  return {
    startScenario: async ({ body }) => {
      const scenario = body.yaml === undefined ? findApplied(configuration, body) : await readScenario(configuration, body.yaml);
      const namespace = scenario.metadata.namespace ?? configuration.current.set.defaultNamespace;
      const outcome = await scenarios.start(scenario, namespace, body.seed);
      if (!outcome.ok) throw new ApiError('conflict', outcome.message);
      return outcome.run;
    },
    listScenarioRuns: async ({ query }) => ({ runs: await scenarios.list(query.scenario) }),
    getScenarioRun: async ({ params }) => {
      const run = await scenarios.get(params.id);
      if (!run) throw missing(params.id);
      return run;
    },
    cancelScenarioRun: async ({ params }) => {
      const run = await scenarios.cancel(params.id);
      if (!run) throw missing(params.id);
      return run;
    },
  };
}

function findApplied(configuration: Configuration, { name = '', namespace }: ScenarioRunRequest): Scenario {
  const { set } = configuration.current;
  const entry = set.get('Scenario', namespace ?? set.defaultNamespace, name);
  if (!entry) throw new ApiError('not_found', `There is no scenario ${name}`);
  return scenarioSchema.parse(entry.resource.document);
}

/** The one Scenario in a text; other documents in it are not looked at. It is checked together with what runs. */
async function readScenario(configuration: Configuration, yaml: string): Promise<Scenario> {
  const file = 'scenario';
  const parsed = parseText(yaml, file);
  refuse(parsed.diagnostics);
  const found = parsed.documents.filter(({ kind }) => kind === 'Scenario');
  const [document] = found;
  if (!document || found.length > 1) {
    throw new ApiError('invalid_request', `The text holds ${found.length} documents of kind Scenario: send one`);
  }
  refuse(await configuration.lintText(inPlace(yaml, document), file));
  return scenarioSchema.parse(document.document);
}

function refuse(diagnostics: readonly Diagnostic[]): void {
  if (!hasErrors(diagnostics)) return;
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  throw new ApiError('rejected', errors[0]!.message, errors);
}

/** The document alone, on the lines it stands on. */
function inPlace(text: string, { yaml }: ParsedResource): string {
  const at = text.indexOf(yaml.trimEnd());
  return '\n'.repeat(text.slice(0, Math.max(0, at)).split('\n').length - 1) + yaml;
}

import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { scenarioRoutes } from '../../api/routes/scenario-routes.ts';
import { type Scenario, type ScenarioRunRequest, scenarioSchema } from '../../api/scenario.schema.ts';
import { type ParsedResource, parseText, resourceId, withNamespace } from '../../config/index.ts';
import { isFatalToRun } from '../../config/scenario-references.ts';
import { compareWithBaseline } from '../../scenarios/baseline.ts';
import type { Scenarios } from '../../scenarios/scenarios.ts';
import type { Configuration } from '../apply.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { need } from './failures.ts';

export type ScenarioHandlers = Pick<ApiHandlers, keyof typeof scenarioRoutes>;

export function createScenarioHandlers({
  scenarios,
  configuration,
}: {
  scenarios: Scenarios;
  configuration: Configuration;
}): ScenarioHandlers {
  const missing = (id: string) => `There is no run ${id}; the last fifty are kept`;
  const find = async (id: string) => need(await scenarios.get(id), missing(id));
  return {
    startScenario: async ({ body }) => {
      const scenario =
        body.yaml === undefined ? await findApplied(configuration, body) : await readScenario(configuration, body.yaml);
      const namespace = scenario.metadata.namespace ?? configuration.current.set.defaultNamespace;
      const outcome = await scenarios.start(scenario, namespace, body);
      if (!outcome.ok) throw new ApiError('conflict', outcome.message);
      return outcome.run;
    },
    listScenarioRuns: async ({ query }) => ({ runs: await scenarios.list(query) }),
    getScenarioRun: ({ params }) => find(params.id),
    compareScenarioRuns: async ({ params, query }) => {
      const [run, other] = await Promise.all([find(params.id), find(query.with)]);
      return compareWithBaseline(other, run.load);
    },
    stepScenarioRun: async ({ params, body }) => {
      const run = scenarios.step(params.id, body.runOn);
      if (run) return run;
      if (run === null) await find(params.id);
      throw new ApiError('conflict', 'The run waits for no step: it runs by the clock, has not begun or is over');
    },
    cancelScenarioRun: async ({ params }) => need(await scenarios.cancel(params.id), missing(params.id)),
  };
}

async function findApplied(configuration: Configuration, { name = '', namespace }: ScenarioRunRequest): Promise<Scenario> {
  const { set } = configuration.current;
  const entry = need(set.get('Scenario', namespace ?? set.defaultNamespace, name), `There is no scenario ${name}`);
  // It was accepted with what ran then; what it names may be gone since.
  const id = resourceId(entry.resource);
  refuse(configuration.current.diagnostics.filter(({ resource }) => resource === id));
  return scenarioSchema.parse(entry.resource.document);
}

/** The one Scenario in a text; other documents in it are not looked at. It is checked together with what runs. */
async function readScenario(configuration: Configuration, yaml: string): Promise<Scenario> {
  const file = 'scenario';
  const parsed = parseText(yaml, file);
  refuse(parsed.diagnostics);
  const scenarios = parsed.documents.filter(({ kind }) => kind === 'Scenario');
  const [document] = scenarios;
  if (!document || scenarios.length > 1) {
    throw new ApiError('invalid_request', `The text holds ${scenarios.length} documents of kind Scenario: send one`);
  }
  const id = resourceId(withNamespace(document, configuration.current.set.defaultNamespace));
  const found = await configuration.lintText(inPlace(yaml, document), file);
  refuse(found.filter(({ resource }) => resource === undefined || resource === id));
  return scenarioSchema.parse(document.document);
}

function refuse(diagnostics: readonly Diagnostic[]): void {
  const fatal = diagnostics.filter(isFatalToRun);
  if (fatal.length > 0) throw new ApiError('rejected', fatal[0]!.message, fatal);
}

/** The document alone, on the lines it stands on. */
function inPlace(text: string, { yaml }: ParsedResource): string {
  const at = text.indexOf(yaml.trimEnd());
  return '\n'.repeat(text.slice(0, Math.max(0, at)).split('\n').length - 1) + yaml;
}

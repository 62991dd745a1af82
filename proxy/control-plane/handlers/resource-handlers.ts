import type { resourceRoutes } from '../../api/routes/resource-routes.ts';
import { kindNamed, noSuchKind, type ResourceEntry, resourceId } from '../../config/index.ts';
import type { Configuration } from '../apply.ts';
import { exportConfig } from '../export-config.ts';
import { describeResource } from '../fault-status.ts';
import { StatusFacts } from '../gateway-status/index.ts';
import { ApiError } from '../server/api-error.ts';
import type { ApiHandlers } from '../server/route-table.ts';
import { answered } from './applied-answer.ts';
import type { EngineParts } from './engine-parts.ts';
import { askDataPlane, need } from './failures.ts';

export type ResourceHandlers = Pick<ApiHandlers, keyof typeof resourceRoutes>;

/** What is configured: read, applied, checked, explained, written for other meshes. */
export function createResourceHandlers(parts: EngineParts): ResourceHandlers {
  const { configuration } = parts;
  const describe = async (entries: readonly ResourceEntry[]) => {
    const counters = await parts.counters();
    const facts = new StatusFacts(configuration.current.set);
    return entries.map((entry) => describeResource(entry, configuration.current, counters, facts));
  };
  const applyYaml = async ({ body }: { body: { yaml: string; file: string } }) =>
    answered(await configuration.applyText(body.yaml, body.file));
  return {
    listResources: async () => ({ resources: await describe(configuration.current.set.list()) }),
    listResourcesOfKind: async ({ params }) => {
      const kind = needKind(params.kind);
      const entries = configuration.current.set.list().filter(({ resource }) => resource.kind === kind);
      return { resources: await describe(entries) };
    },
    getResource: async ({ params }) => {
      const [found] = await describe([needResource(configuration, params)]);
      return found!;
    },
    postResources: applyYaml,
    apply: applyYaml,
    deleteResource: async ({ params }) => {
      const { resource } = needResource(configuration, params);
      const outcome = await configuration.remove(resource.kind, resource.namespace, resource.name);
      return answered(need(outcome, `There is no ${resourceId(resource)}`));
    },
    lint: async ({ body }) => ({ applied: [], diagnostics: await configuration.lintText(body.yaml, body.file) }),
    exportConfig: ({ params, query }) => exportConfig(configuration.current, params.format, query.workload),
    explain: async ({ body }) => {
      const { explanation, error } = await askDataPlane(() => configuration.explain(body));
      if (!explanation) throw new ApiError('invalid_request', error || 'This request cannot be explained');
      const standIns = parts.simulations.explain(explanation);
      return standIns.length === 0 ? explanation : { ...explanation, standIns };
    },
  };
}

function needResource(configuration: Configuration, params: { kind: string; namespace: string; name: string }): ResourceEntry {
  const { set } = configuration.current;
  const namespace = params.namespace === '-' ? set.defaultNamespace : params.namespace;
  const kind = needKind(params.kind);
  const found = set.list().find(({ resource: r }) => r.kind === kind && r.namespace === namespace && r.name === params.name);
  return need(found, `There is no ${kind}/${namespace}/${params.name}`);
}

function needKind(word: string): string {
  return need(kindNamed(word), noSuchKind(word));
}

import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { meshSchema } from '../api/mesh.schema.ts';
import { type Scenario, type ScenarioSpec, scenarioSchema } from '../api/scenario.schema.ts';
import { nearest } from '../shared/nearest.ts';
import { diagnose, type Path } from './diagnostics.ts';
import { type HostIndex, type KnownService, listWorkloads } from './hosts.ts';
import type { ParsedResource } from './parse.ts';
import type { ResourceSet } from './resource-set.ts';
import { shiftWeights } from './shift-weights.ts';

/**
 * The services, workloads and resources a scenario names must exist, or be made by one of its changes. Warnings: a scenario that rests in a file
 * must not keep what it names from being removed, least of all by itself. To run it, they count as errors (isFatalToRun).
 */
export function checkScenarioReferences(set: ResourceSet, hosts: HostIndex, resource: ParsedResource): Diagnostic[] {
  return new ScenarioChecker(set, hosts, resource).run();
}

const routeKinds = new Set(['VirtualService', 'DestinationRule']);

/** Whether a scenario with this diagnostic cannot be run as things are. */
export function isFatalToRun({ severity, code }: Diagnostic): boolean {
  return severity === 'error' || code === 'DD5005' || code === 'DD5007';
}

class ScenarioChecker {
  readonly #set: ResourceSet;
  readonly #hosts: HostIndex;
  readonly #resource: ParsedResource;
  readonly #spec: ScenarioSpec;
  /** Services that changes bring, by name. */
  readonly #made: ReadonlySet<string>;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(set: ResourceSet, hosts: HostIndex, resource: ParsedResource) {
    const { spec }: Scenario = scenarioSchema.parse(resource.document);
    this.#set = set;
    this.#hosts = hosts;
    this.#resource = resource;
    this.#spec = spec;
    this.#made = madeServices(spec);
  }

  run(): Diagnostic[] {
    const { load, faults, changes, expect } = this.#spec;
    for (const [i, { from }] of load.entries()) {
      if (from) this.#service(['spec', 'load', i, 'from', 'service'], from.service, from.namespace);
    }
    for (const [i, { spec }] of faults.entries()) {
      const path = ['spec', 'faults', i, 'spec'];
      this.#service([...path, 'to', 'service'], spec.to.service, spec.to.namespace);
      if (spec.from && spec.from.service !== 'ingress')
        this.#service([...path, 'from', 'service'], spec.from.service, spec.from.namespace);
      if (spec.to.workload !== undefined) this.#workload([...path, 'to', 'workload'], spec.to.workload, false);
    }
    for (const [i, change] of changes.entries()) {
      const path = ['spec', 'changes', i];
      if (change.shift) this.#shift([...path, 'shift'], change.shift);
      if (change.stop !== undefined) this.#workload([...path, 'stop'], change.stop, true);
      if (change.start !== undefined) this.#workload([...path, 'start'], change.start, true);
      for (const [j, ref] of (change.delete ?? []).entries()) this.#deletion([...path, 'delete', j, 'name'], ref);
    }
    for (const [i, { of }] of expect.entries()) {
      for (const side of ['from', 'to'] as const) {
        const named = of?.[side];
        if (named === undefined || named === 'ingress') continue;
        const [namespace, name] = named.includes('/') ? named.split('/', 2) : [undefined, named];
        this.#service(['spec', 'expect', i, 'of', side], name ?? '', namespace);
      }
    }
    return this.#diagnostics;
  }

  /** Not looked at when the scenario brings routes of its own: they come first. */
  #shift(path: Path, shift: NonNullable<ScenarioSpec['changes'][number]['shift']>): void {
    const before = this.#diagnostics.length;
    this.#service([...path, 'service'], shift.service, shift.namespace);
    const bringsRoutes = this.#spec.changes.some(({ apply }) => apply?.some(({ kind }) => routeKinds.has(kind)));
    if (this.#diagnostics.length > before || bringsRoutes) return;
    const outcome = shiftWeights(this.#set, { namespace: this.#resource.namespace, ...shift });
    if (outcome.ok) return;
    const message = `${outcome.message.charAt(0).toUpperCase()}${outcome.message.slice(1)}.`;
    const suggestion = 'Apply a VirtualService with the weights, and a DestinationRule with a subset for each version.';
    this.#diagnostics.push(diagnose(this.#resource, path, { severity: 'warning', code: 'DD5007', message, suggestion }));
  }

  #service(path: Path, name: string, namespace = this.#resource.namespace): void {
    if (this.#hosts.find(name, namespace) || this.#made.has(name)) return;
    const known = this.#hosts.services.map((service: KnownService) => service.name);
    this.#report(path, `There is no service ${namespace}/${name}.`, name, known);
  }

  #workload(path: Path, id: string, mustRun: boolean): void {
    const workloads = listWorkloads(this.#hosts.services);
    const found = workloads.find((workload) => workload.id === id);
    if (found && !(mustRun && found.spec.run === undefined)) return;
    if (!found && this.#made.size > 0) return;
    const eligible = workloads.filter(({ spec }) => !mustRun || spec.run !== undefined).map((workload) => workload.id);
    const message = found
      ? `Drydock does not run ${id}: only run: workloads can be stopped and started.`
      : `There is no workload ${id}.`;
    this.#report(path, message, id, eligible);
  }

  #deletion(
    path: Path,
    { kind, name, namespace = this.#resource.namespace }: { kind: string; name: string; namespace?: string | undefined },
  ): void {
    const isMade = this.#spec.changes.some(({ apply }) => apply?.some((one) => one.kind === kind && nameOf(one) === name));
    if (isMade || this.#set.get(kind, namespace, name)) return;
    const known = this.#set.list(kind).map((entry) => entry.resource.name);
    this.#report(path, `There is no ${kind} ${namespace}/${name} to delete.`, name, known);
  }

  #report(path: Path, message: string, name: string, known: readonly string[]): void {
    const meant = nearest(name, known);
    const suggestion = meant ? `Did you mean \`${meant}\`?` : null;
    this.#diagnostics.push(diagnose(this.#resource, path, { severity: 'warning', code: 'DD5005', message, suggestion }));
  }
}

function madeServices({ changes }: ScenarioSpec): Set<string> {
  const meshes = changes.flatMap(({ apply }) => apply ?? []).filter(({ kind }) => kind === 'Mesh');
  const parsed = meshes.map((mesh) => meshSchema.safeParse(mesh));
  return new Set(parsed.flatMap(({ data }) => data?.spec.services.map(({ name }) => name) ?? []));
}

function nameOf(resource: Record<string, unknown>): string {
  const { metadata } = resource;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata ? String(metadata.name) : '';
}

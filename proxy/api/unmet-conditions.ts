import type { Condition, ResourceStatus } from './diagnostic.schema.ts';

export interface UnmetCondition extends Condition {
  /** What of the object it is about: a parent, a listener, a target; '' for the object itself. */
  about: string;
}

/** Types that are well when False. */
const negative = ['Conflicted'];

/** Conditions of a Gateway API object that keep it, or a part of it, from doing what it says. */
export function unmetConditions({
  conditions,
  parents,
  listeners,
  ancestors,
}: Pick<ResourceStatus, 'conditions' | 'parents' | 'listeners' | 'ancestors'>): UnmetCondition[] {
  const groups: [string, readonly Condition[]][] = [
    ['', conditions ?? []],
    ...(listeners ?? []).map((one): [string, Condition[]] => [`listener ${one.name}`, one.conditions]),
    ...(parents ?? []).map((one): [string, Condition[]] => [nameOf(one.parentRef), one.conditions]),
    ...(ancestors ?? []).map((one): [string, Condition[]] => [nameOf(one.ancestorRef), one.conditions]),
  ];
  return groups.flatMap(([about, list]) =>
    list
      .filter(({ type, status }) => (status === 'True') === negative.includes(type))
      .map((condition) => ({ ...condition, about })),
  );
}

function nameOf({
  kind,
  namespace,
  name,
  sectionName,
}: {
  kind: string;
  namespace: string;
  name: string;
  sectionName?: string;
}): string {
  return `${kind} ${namespace}/${name}${sectionName ? ` ${sectionName}` : ''}`;
}

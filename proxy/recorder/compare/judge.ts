import type { Difference, EndpointResult, FieldVerdict, Replay, ReplayRules } from '../../api/replay.schema.ts';
import { compareLatency } from './latency.ts';
import { judgeField } from './noise.ts';
import { type CompiledRules, compileRules, shareOf, withoutIndexes } from './rules.ts';

/*
 * From what was seen to what is said of it. Calls that differ in the same fields are one group: few enough to keep, and enough to judge again when
 * somebody leaves a path out, without sending anything.
 */

export type Group = NonNullable<Replay['groups']>[number];
type Field = Difference['fields'][number];

/** What came of one call. */
export interface Outcome {
  endpoint: string;
  destination: string;
  failed: boolean;
  fields: readonly Field[];
  /** Fields in which two sendings of the same differed; null: it was sent once. */
  noise: readonly Field[] | null;
  recordedMs: number;
  /** Null when there was no answer. */
  replayedMs: number | null;
}

const MAX_GROUPS = 300;
const MAX_FIELDS = 50;

export function groupsOf(outcomes: readonly Outcome[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { endpoint, failed, fields } of outcomes) {
    if (fields.length === 0) continue;
    const members = new Map<string, Group['fields'][number]>();
    for (const field of fields) addField(members, field);
    const key = JSON.stringify([endpoint, failed, [...members.keys()].sort()]);
    const known = groups.get(key);
    if (known === undefined && groups.size < MAX_GROUPS)
      groups.set(key, { endpoint, failed, calls: 1, fields: [...members.values()] });
    else if (known === undefined) addOther(groups, endpoint, failed);
    else {
      known.calls++;
      for (const field of known.fields) widen(field, members.get(`${field.kind} ${field.path}`)!);
    }
  }
  return [...groups.values()];
}

/** Too many kinds to keep: those beyond stay different whatever is left out. */
function addOther(groups: Map<string, Group>, endpoint: string, failed: boolean): void {
  const key = JSON.stringify([endpoint, failed, 'other']);
  const known = groups.get(key);
  if (known) known.calls++;
  else groups.set(key, { endpoint, failed, calls: 1, fields: [{ path: '(many)', kind: 'changed', delta: null, share: null }] });
}

function addField(members: Map<string, Group['fields'][number]>, { path, kind, recorded, replayed }: Field): void {
  const general = withoutIndexes(path);
  const isNumber = kind === 'changed' && recorded.trim() !== '' && replayed.trim() !== '';
  const [before, after] = [Number(recorded), Number(replayed)];
  const delta = isNumber && Number.isFinite(before) && Number.isFinite(after) ? Math.abs(after - before) : null;
  const share = delta === null ? null : Math.min(shareOf(delta, before), Number.MAX_VALUE);
  const made = { path: general, kind, delta, share };
  const key = `${kind} ${general}`;
  const known = members.get(key);
  if (known === undefined) members.set(key, made);
  else widen(known, made);
}

function widen(field: Group['fields'][number], other: Group['fields'][number]): void {
  field.delta = field.delta === null || other.delta === null ? null : Math.max(field.delta, other.delta);
  field.share = field.share === null || other.share === null ? null : Math.max(field.share, other.share);
}

export type Judged = Pick<Replay, 'same' | 'different' | 'failed' | 'differences' | 'rules'> & {
  verdict: NonNullable<Replay['verdict']>;
  endpoints: EndpointResult[];
};

/** Judges a replay's groups by these rules; what it takes is in the replay itself. Throws nothing: the rules are compiled before. */
export function judge(
  replay: Pick<Replay, 'groups' | 'differences'> & { endpoints: EndpointResult[] },
  rules: ReplayRules,
  compiled: CompiledRules,
): Judged {
  const groups = replay.groups ?? [];
  const counts = (field: { path: string; kind: string; delta?: number | null; share?: number | null }): boolean =>
    !compiled.ignored(field.path) &&
    !(field.kind === 'order' && compiled.unordered(field.path)) &&
    !compiled.toleratedDelta(field.path, field.delta ?? null, field.share ?? null);
  const endpoints = replay.endpoints.map((before) => judgeEndpoint(before, groups, counts));
  const noisy = new Set(
    endpoints.flatMap(({ endpoint, fields }) => fields.filter(isNoise).map(({ path }) => `${endpoint} ${path}`)),
  );
  const differences = replay.differences.flatMap((difference) => {
    const fields = difference.fields.filter((field) => {
      const [delta, share] = deltaOf(field);
      const general = withoutIndexes(field.path);
      return (
        (counts({ ...field, delta, share }) && !noisy.has(`${difference.endpoint} ${general}`)) ||
        difference.replayed.error !== ''
      );
    });
    return fields.length === 0 ? [] : [{ ...difference, fields }];
  });
  const sum = (of: (endpoint: EndpointResult) => number) => endpoints.reduce((total, endpoint) => total + of(endpoint), 0);
  return {
    rules,
    endpoints,
    differences,
    same: sum((endpoint) => endpoint.same),
    different: sum((endpoint) => endpoint.different),
    failed: sum((endpoint) => endpoint.failed),
    verdict: worst(endpoints.map(({ verdict }) => verdict)),
  };
}

/** A field that only chance may have changed: noise, or unproven and seen to change by itself. */
const isNoise = ({ verdict, noise }: FieldVerdict): boolean => verdict === 'noise' || (verdict === 'unproven' && noise > 0);

function judgeEndpoint(
  before: EndpointResult,
  groups: readonly Group[],
  counts: (field: Group['fields'][number]) => boolean,
): EndpointResult {
  const own = groups.filter((group) => group.endpoint === before.endpoint);
  const noise = new Set(before.fields.filter(isNoise).map(({ path }) => path));
  const unproven = new Set(before.fields.filter(({ verdict }) => verdict === 'unproven').map(({ path }) => path));
  let different = 0;
  let failed = 0;
  let proven = false;
  for (const group of own) {
    const left = group.fields.filter((field) => counts(field) && !noise.has(field.path));
    if (group.failed) failed += group.calls;
    if (!group.failed && left.length === 0) continue;
    different += group.calls;
    proven ||= group.failed || left.some(({ path }) => !unproven.has(path));
  }
  const verdict = failed > 0 ? 'failed' : different === 0 ? 'same' : proven ? 'different' : 'unproven';
  return { ...before, same: before.calls - different, different, failed, verdict };
}

function worst(verdicts: readonly EndpointResult['verdict'][]): EndpointResult['verdict'] {
  return (['failed', 'different', 'unproven'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'same';
}

function deltaOf({ recorded, replayed, kind }: Field): [number | null, number | null] {
  if (kind !== 'changed' || recorded.trim() === '' || replayed.trim() === '') return [null, null];
  const [before, after] = [Number(recorded), Number(replayed)];
  if (!Number.isFinite(before) || !Number.isFinite(after)) return [null, null];
  const delta = Math.abs(after - before);
  return [delta, shareOf(delta, before)];
}

/** One line per endpoint: how often each field differed and what that is worth, and how long its calls took. Counts are judged afterwards. */
export function describeEndpoints(outcomes: readonly Outcome[]): EndpointResult[] {
  const byEndpoint = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const list = byEndpoint.get(outcome.endpoint);
    if (list) list.push(outcome);
    else byEndpoint.set(outcome.endpoint, [outcome]);
  }
  return [...byEndpoint]
    .map(([endpoint, list]): EndpointResult => {
      const answered = list.filter((outcome): outcome is Outcome & { replayedMs: number } => outcome.replayedMs !== null);
      return {
        endpoint,
        destination: list[0]!.destination,
        calls: list.length,
        same: 0,
        different: 0,
        failed: 0,
        verdict: 'same',
        fields: describeFields(list),
        latency: compareLatency(
          list.map(({ recordedMs }) => recordedMs),
          answered.map(({ replayedMs }) => replayedMs),
        ),
      };
    })
    .sort((a, b) => b.calls - a.calls || (a.endpoint < b.endpoint ? -1 : 1));
}

function describeFields(outcomes: readonly Outcome[]): FieldVerdict[] {
  const twice = outcomes.filter(({ noise }) => noise !== null);
  const raw = countPaths(outcomes.map(({ fields }) => fields));
  const noise = countPaths(twice.map((outcome) => outcome.noise ?? []));
  return [...raw]
    .map(([path, times]) => ({ path, ...judgeField(times, outcomes.length, noise.get(path) ?? 0, twice.length) }))
    .sort((a, b) => b.raw - a.raw || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_FIELDS);
}

function countPaths(lists: readonly (readonly Field[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const fields of lists)
    for (const path of new Set(fields.map((field) => withoutIndexes(field.path)))) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

/** The whole of a finished replay under other rules; a sentence when they are not understood, or when it was made by an older engine. */
export function judgeAgain(replay: Replay, rules: ReplayRules): Judged | string {
  const compiled = compileRules(rules);
  if (typeof compiled === 'string') return compiled;
  const { endpoints } = replay;
  if (endpoints === undefined || replay.groups === undefined)
    return 'This replay was made before results could be judged again; replay once more';
  return judge({ ...replay, endpoints }, rules, compiled);
}

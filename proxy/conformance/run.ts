import type { Apps } from './apps.ts';
import { type Case, check, checkAll, type Group, type Observation } from './case.ts';
import { hostOf } from './documents.ts';
import { send, type Target } from './send.ts';

export interface CaseResult {
  group: Group;
  case: Case;
  observations: Observation[];
  /** What did not hold; empty = passed. */
  wrong: string[];
}

/** Flags and details of requests by their x-request-id; asked once, after everything was sent. */
export type ReadRecords = (ids: ReadonlySet<string>) => Promise<Map<string, { flags: string; details: string }>>;

const maxTries = 6;

export interface RunOptions {
  apps: Apps;
  /** Prefix of the case ids, so that two runs against the same apps do not mix. */
  run: string;
  targetOf: (group: Group) => Target;
  readRecords: ReadRecords;
  /** How requests are sent; HTTP/1.1 unless told. */
  send?: typeof send;
  /** Groups at once. */
  parallel?: number;
}

/** Runs all groups, a few at a time, cases of a group in order. */
export async function runGroups(groups: readonly Group[], options: RunOptions): Promise<CaseResult[]> {
  const results: (CaseResult & { ids: string[] })[] = [];
  const waiting = [...groups];
  const worker = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const [index, one] of group.cases.entries()) results.push(await runCase(group, one, index, options));
    }
  };
  await Promise.all(Array.from({ length: options.parallel ?? 8 }, worker));
  const records = await options.readRecords(new Set(results.flatMap((r) => r.ids)));
  for (const result of results) {
    for (const [index, observation] of result.observations.entries()) {
      const record = records.get(result.ids[index]!);
      observation.flags = record?.flags ?? null;
      observation.details = record?.details ?? null;
      result.wrong.push(...check(result.case.expect, observation));
    }
    result.wrong.push(...checkAll(result.case.expect, result.observations));
  }
  return results;
}

interface Sent {
  id: string;
  observation: Observation;
}

/** A limit in time is a cap: what a machine that does ten other things was too slow for is asked again. */
async function sendInTime(group: Group, one: Case, firstId: string, options: RunOptions): Promise<Sent> {
  const { maxMs = Number.POSITIVE_INFINITY, status } = one.expect;
  for (let tries = 1; ; tries++) {
    const id = tries === 1 ? firstId : `${firstId}-${tries}`;
    const observation = await (options.send ?? send)(options.targetOf(group), one, hostOf(group), id);
    const inTime = observation.durationMs <= maxMs && (one.appInTime !== true || observation.status === status);
    if (inTime || tries === maxTries) return { id, observation };
  }
}

async function runCase(group: Group, one: Case, index: number, options: RunOptions): Promise<CaseResult & { ids: string[] }> {
  const count = one.repeat ?? one.concurrent ?? 1;
  const firstIds = Array.from({ length: count }, (_, n) => `${options.run}-${group.id}-${index}-${n}`);
  const sent: Sent[] = [];
  if (one.concurrent !== undefined) sent.push(...(await Promise.all(firstIds.map((id) => sendInTime(group, one, id, options)))));
  else for (const id of firstIds) sent.push(await sendInTime(group, one, id, options));
  const ids = sent.map(({ id }) => id);
  const observations = sent.map(({ observation }) => observation);
  // A mirror's copy may arrive after the answer.
  const expected = typeof one.expect.attempts === 'number' ? one.expect.attempts : 0;
  for (let waits = 0; waits < 50 && ids.some((id) => (options.apps.seen.get(id)?.length ?? 0) < expected); waits++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const [n, observation] of observations.entries()) observation.seen = options.apps.seen.get(ids[n]!) ?? [];
  return { group, case: one, observations, wrong: [], ids };
}

import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';

/** `2 pass, then 3`, `30s every 60s, from 10s on`, `per trace`; '' when it acts on every request from now on. */
export function scheduleWords({ only, schedule, per }: Pick<FaultSpec, 'only' | 'schedule' | 'per'>): string {
  const words: string[] = [];
  if (only?.skip) words.push(only.first === undefined ? `after ${only.skip} that pass` : `${only.skip} pass, then ${only.first}`);
  else if (only?.first !== undefined) words.push(`the first ${only.first}`);
  if (schedule?.for) words.push(schedule.every ? `${schedule.for} every ${schedule.every}` : `for ${schedule.for}`);
  if (schedule?.after) words.push(`from ${schedule.after} on`);
  if (per !== 'request') words.push(`per ${per}`);
  return words.join(', ');
}

import { expect, test } from 'vitest';
import type { Call } from '../engine/client.ts';
import { describeStopped, stopEverything } from './stop-everything.ts';

function callsOf(answers: Record<string, unknown>): { call: Call; made: string[] } {
  const made: string[] = [];
  const call = async (route: string, args?: { params?: { id: string } }) => {
    made.push(args?.params ? `${route} ${args.params.id}` : route);
    if (answers[route] instanceof Error) throw answers[route];
    return answers[route] ?? {};
  };
  return { call: call as unknown as Call, made };
}

const running = {
  stopAllFaults: { stopped: ['slow', 'spiffe://x'] },
  listScenarioRuns: {
    runs: [
      { id: 's1', scenario: 'drill', state: 'running' },
      { id: 's0', scenario: 'old', state: 'passed' },
    ],
  },
  listReplays: {
    replays: [
      { id: 'r1', recordingName: 'monday', state: 'running' },
      { id: 'r0', recordingName: 'sunday', state: 'finished' },
    ],
  },
};

test('faults end first, then the scenario and the replay that run; what has ended is left alone', async () => {
  const { call, made } = callsOf(running);
  const stopped = await stopEverything(call);
  expect(made.filter((one) => !one.startsWith('list'))).toEqual(['stopAllFaults', 'cancelScenarioRun s1', 'cancelReplay r1']);
  expect(describeStopped(stopped)).toBe('Stopped 2 faults, 1 scenario, 1 replay');
});

test('one that cannot be stopped does not keep the others going, and is told of', async () => {
  const { call, made } = callsOf({ ...running, stopAllFaults: new Error('no') });
  await expect(stopEverything(call)).rejects.toThrow('no');
  expect(made).toContain('cancelReplay r1');
});

test('nothing to stop is said so', async () => {
  const { call } = callsOf({ stopAllFaults: { stopped: [] }, listScenarioRuns: { runs: [] }, listReplays: { replays: [] } });
  expect(describeStopped(await stopEverything(call))).toBe('Nothing disturbs the traffic');
});

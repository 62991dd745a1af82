import { OctagonX } from 'lucide-react';
import type { Call } from '../engine/client.ts';
import { plural } from '../ui/format.ts';
import type { Command } from './command.ts';

export interface Stopped {
  /** Names of faults, identities of certificates that were wrong on purpose. */
  faults: readonly string[];
  scenarios: readonly string[];
  replays: readonly string[];
}

/**
 * Ends whatever disturbs the traffic on purpose: faults and broken certificates at once, then scenarios, which take back what they armed, and
 * replays. What cannot be stopped does not keep the rest going: the first failure is thrown when all was tried.
 */
export async function stopEverything(call: Call): Promise<Stopped> {
  const failures: unknown[] = [];
  const attempt = async (stop: () => Promise<string[]>): Promise<string[]> => {
    try {
      return await stop();
    } catch (error) {
      failures.push(error);
      return [];
    }
  };
  const faults = await attempt(async () => (await call('stopAllFaults')).stopped);
  const scenarios = await attempt(async () => {
    const running = (await call('listScenarioRuns', { query: {} })).runs.filter(({ state }) => state === 'running');
    for (const { id } of running) await call('cancelScenarioRun', { params: { id } });
    return running.map(({ scenario }) => scenario);
  });
  const replays = await attempt(async () => {
    const running = (await call('listReplays')).replays.filter(({ state }) => state === 'running');
    for (const { id } of running) await call('cancelReplay', { params: { id } });
    return running.map(({ recordingName }) => recordingName);
  });
  if (failures.length > 0) throw failures[0];
  return { faults, scenarios, replays };
}

/** `Stopped 2 faults, 1 scenario` */
export function describeStopped({ faults, scenarios, replays }: Stopped): string {
  const parts = [
    faults.length > 0 && plural(faults.length, 'fault'),
    scenarios.length > 0 && plural(scenarios.length, 'scenario'),
    replays.length > 0 && plural(replays.length, 'replay'),
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'Nothing disturbs the traffic' : `Stopped ${parts.join(', ')}`;
}

/** From anywhere, also while typing or in a dialog. */
export const stopAllFaults: Command = {
  id: 'faults.stop-all',
  title: 'Stop all faults, scenarios and replays',
  group: 'Mesh',
  icon: OctagonX,
  keys: '$mod+.',
  whileTyping: true,
  keywords: 'disarm panic heal certificates',
  run: async ({ engine, toasts }) => {
    try {
      const stopped = await stopEverything(engine.call);
      toasts.ok(describeStopped(stopped), [...stopped.faults, ...stopped.scenarios, ...stopped.replays].join(', '));
    } finally {
      await engine.refreshFaults();
    }
  },
};

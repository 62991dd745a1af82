import { CircleStop, Waves } from 'lucide-react';
import type { Command } from './command.ts';
import { testTarget } from './send-test-request.ts';

export const trafficPerSecond = 20;
const scenarioName = 'test-traffic';

/** A scenario of nothing but load: the engine keeps the pace, the run is listed and can be stopped. JSON is YAML too. */
export function trafficScenario(service: string): string {
  const request = { method: 'GET', url: `http://${service}.localhost/` };
  return JSON.stringify({
    apiVersion: 'drydock.dev/v1',
    kind: 'Scenario',
    metadata: { name: scenarioName },
    spec: {
      description: `${trafficPerSecond} requests a second to ${service}, for five minutes or until it is stopped.`,
      load: [{ name: 'test requests', for: '5m', rate: trafficPerSecond, arrivals: 'poisson', requests: [request] }],
    },
  });
}

/** Twenty requests a second through the ingress to the first HTTP service, for five minutes. */
export const sendTestTraffic: Command = {
  id: 'mesh.send-traffic',
  title: `Send test traffic: ${trafficPerSecond} requests a second`,
  group: 'Mesh',
  icon: Waves,
  keywords: 'load customers first traffic',
  when: ({ engine }) => testTarget(engine.status.get()) !== null,
  run: async ({ engine, toasts }) => {
    const service = testTarget(engine.status.get());
    if (service === null) return;
    await engine.call('startScenario', { body: { yaml: trafficScenario(service) } });
    toasts.ok(`${trafficPerSecond} requests a second to ${service}`, 'For five minutes, or until “Stop test traffic”.');
  },
};

export const stopTestTraffic: Command = {
  id: 'mesh.stop-traffic',
  title: 'Stop test traffic',
  group: 'Mesh',
  icon: CircleStop,
  keywords: 'load end',
  when: ({ engine }) => testTarget(engine.status.get()) !== null,
  run: async ({ engine, toasts }) => {
    const { runs } = await engine.call('listScenarioRuns', { query: { scenario: scenarioName, limit: 1 } });
    const running = runs.find(({ state }) => state === 'running');
    if (!running) return toasts.ok('No test traffic is being sent');
    await engine.call('cancelScenarioRun', { params: { id: running.id } });
    toasts.ok('Test traffic has stopped');
  },
};

import { EngineClient } from '../client.ts';
import type { Command } from '../command.ts';
import { ejectedHosts, printStatus } from '../status-text.ts';

export const command: Command = {
  usage: 'status',
  summary: `Services with rate, errors and latency of the last minute; workloads, ports, health, certificates; what is broken on purpose and who is
ejected. Exit code 1 when something is not well.`,
  options: {},
  async run({ home, json, out }) {
    const engine = await EngineClient.open(home);
    const [status, graph, { faults }, { clusters }] = await Promise.all([
      engine.call('getStatus'),
      engine.call('getGraph', { query: { window: '60s' } }),
      engine.call('listFaults'),
      engine.call('getClusters', { query: {} }),
    ]);
    if (json) out.json({ ...status, graph, faults, ejected: ejectedHosts(clusters) });
    else printStatus(out, { status, graph, faults, clusters });
    return status.health === 'ok' ? 0 : 1;
  },
};

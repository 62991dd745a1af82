import { EngineClient } from '../client.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'status',
  summary: 'Services, workloads, ports, health and certificates of the running engine. Exit code 1 when something is not well.',
  options: {},
  async run({ home, json, out }) {
    const status = await (await EngineClient.open(home)).call('getStatus');
    if (json) {
      out.json(status);
      return 0;
    }
    const mark = status.health === 'ok' ? out.style('green', 'ok') : out.style('yellow', status.health);
    out.line(
      `${status.name}: ${mark} · pid ${status.pid} · up ${status.uptimeSeconds} s · ${Math.round(status.memory.rssBytes / 1e6)} MB`,
    );
    out.line(`Interface ${status.control.url}   Ingress ${status.ingress || 'none'}   Toxiproxy ${status.toxiproxy || 'none'}`);
    for (const problem of status.problems) out.line(out.style('yellow', `! ${problem}`));
    out.line();
    const expiry = new Map(status.certificates.map((certificate) => [certificate.spiffeId, certificate.notAfter]));
    out.table(
      ['WORKLOAD', 'HEALTH', 'APP', 'INBOUND', 'OUTBOUND', 'CERTIFICATE UNTIL'],
      status.workloads.map((one) => [
        one.id,
        one.health ?? '',
        one.app,
        one.inbound,
        one.outbound,
        expiry.get(one.spiffeId) ?? '',
      ]),
    );
    return 0;
  },
};

import type { Simulation } from '../../api/simulation.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, text, UsageError } from '../command.ts';

export const command: Command = {
  usage:
    'simulate RECORDING --service S [--from CALLER] [--mode simulate|spy|record] [--session none|trace|header:N|cookie:N] [--exhaustion repeat|cycle|miss] [--latency] | simulate ls | simulate stop ID',
  summary: 'Answers for a service from a recording; the service itself need not run. Goes on until it is stopped.',
  options: {
    service: { type: 'string' },
    from: { type: 'string' },
    mode: { type: 'string' },
    session: { type: 'string' },
    exhaustion: { type: 'string' },
    latency: { type: 'boolean' },
  },
  async run(context) {
    const { positionals, values, json, out, home } = context;
    const [first, second] = positionals;
    if (!first) throw new UsageError('name the recording, or say ls or stop ID');
    const service = text(values, 'service');
    const client = await EngineClient.open(home);
    if (first === 'ls' && service === undefined) {
      const { simulations } = await client.call('listSimulations', {});
      if (json) out.json({ simulations });
      else printAll(context, simulations);
      return 0;
    }
    if (first === 'stop' && second !== undefined) {
      await client.call('stopSimulation', { params: { id: second } });
      if (json) out.json({ removed: second });
      else out.line(`${second} stopped: the service answers for itself again`);
      return 0;
    }
    if (service === undefined) throw new UsageError('--service says for whom to answer');
    const body = {
      ...{ recording: first, service, from: text(values, 'from') },
      ...{ mode: text(values, 'mode'), session: text(values, 'session'), exhaustion: text(values, 'exhaustion') },
      latency: values.latency === true,
    };
    const simulation = await client.call('startSimulation', { body });
    if (json) out.json(simulation);
    else
      out.line(
        `${simulation.id}: ${simulation.recording} answers for ${simulation.service} (${simulation.answers} answers, mode ${simulation.mode})`,
      );
    return 0;
  },
};

function printAll({ out }: CommandContext, simulations: readonly Simulation[]): void {
  const rows = simulations.map((one) => [
    ...[one.id, one.service, one.recording, one.mode],
    ...[one.hits.exact, one.hits.masked, one.hits.template, one.misses, one.forwarded].map(String),
  ]);
  out.table(['ID', 'SERVICE', 'RECORDING', 'MODE', 'EXACT', 'MASKED', 'TEMPLATE', 'MISSES', 'FORWARDED'], rows);
  for (const one of simulations) {
    for (const miss of one.recentMisses.slice(0, 3)) {
      const near = miss.nearest
        ? `nearest ${miss.nearest.path}: ${miss.nearest.differs.join('; ')}`
        : 'nothing like it was recorded';
      out.line(`  ${one.service} missed ${miss.method} ${miss.path}; ${near}`);
    }
  }
}

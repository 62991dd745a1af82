import type { Certificate } from '../../api/status.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, CommandError, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'cert ls | cert show SERVICE | cert rotate [SERVICE]',
  summary: 'Workload certificates: they live a day at most and renew by themselves.',
  options: {},
  async run({ home, json, out, positionals }) {
    const [action, name] = positionals;
    if (!['ls', 'show', 'rotate'].includes(action ?? '')) throw new UsageError('say ls, show SERVICE or rotate [SERVICE]');
    const client = await EngineClient.open(home);
    const { certificates } = await client.call('listCertificates');
    const chosen = name ? certificates.filter((one) => one.service === name || one.spiffeId === name) : certificates;
    if (name && chosen.length === 0) throw new CommandError(`There is no certificate for ${name}`);
    const shown = action === 'rotate' ? await rotate(client, name ? chosen : null) : chosen;
    if (json) out.json({ certificates: shown });
    else if (action === 'show')
      for (const one of shown)
        out.line(
          Object.entries(one)
            .map(([key, value]) => `${key}: ${value}`)
            .join('\n'),
        );
    else {
      const rows = shown.map((one) => [one.service, one.spiffeId, one.notAfter, String(one.rotations), one.serialNumber]);
      out.table(['SERVICE', 'SPIFFE ID', 'UNTIL', 'ROTATIONS', 'SERIAL'], rows);
    }
    return 0;
  },
};

async function rotate(client: EngineClient, chosen: Certificate[] | null): Promise<Certificate[]> {
  if (!chosen) return (await client.call('rotateCertificates', { body: {} })).certificates;
  const answers = await Promise.all(chosen.map(({ spiffeId }) => client.call('rotateCertificates', { body: { spiffeId } })));
  return answers.flatMap((answer) => answer.certificates);
}

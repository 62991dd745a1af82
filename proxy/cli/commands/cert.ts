import { type Certificate, certificateFlawSchema } from '../../api/status.schema.ts';
import { nearest } from '../../shared/nearest.ts';
import { EngineClient } from '../client.ts';
import { type Command, CommandError, UsageError } from '../command.ts';

export const command: Command = {
  usage:
    'cert ls | cert show SERVICE|WORKLOAD | cert rotate [SERVICE|WORKLOAD] | cert break SERVICE|WORKLOAD --as expired|wrong-name|untrusted [--for 10m]',
  summary: 'Workload certificates: they live a day at most and renew by themselves. A broken one heals by itself, or by rotate.',
  options: { as: { type: 'string' }, for: { type: 'string' } },
  async run({ home, json, out, positionals, values }) {
    const [action, name] = positionals;
    if (!['ls', 'show', 'rotate', 'break'].includes(action ?? ''))
      throw new UsageError('say ls, show SERVICE, rotate [SERVICE] or break SERVICE --as expired');
    const flaw = certificateFlawSchema.safeParse(values.as);
    if (action === 'break' && (name === undefined || !flaw.success))
      throw new UsageError('say whose certificate, and --as expired, wrong-name or untrusted');
    const client = await EngineClient.open(home);
    const { certificates } = await client.call('listCertificates');
    const chosen = name ? await choose(client, certificates, name) : certificates;
    const shown =
      action === 'rotate'
        ? await rotate(client, name ? chosen : null)
        : action === 'break' && flaw.success
          ? await breakAll(client, chosen, flaw.data, typeof values.for === 'string' ? values.for : '10m')
          : chosen;
    if (json) out.json({ certificates: shown });
    else if (action === 'show')
      for (const one of shown)
        out.line(
          Object.entries(one)
            .map(([key, value]) => `${key}: ${value}`)
            .join('\n'),
        );
    else {
      const broken = (one: Certificate) => (one.flaw ? `broken: ${one.flaw} until ${one.healsAt}` : '');
      const rows = shown.map((one) => [
        one.service,
        one.spiffeId,
        one.notAfter,
        String(one.rotations),
        one.serialNumber,
        broken(one),
      ]);
      out.table(['SERVICE', 'SPIFFE ID', 'UNTIL', 'ROTATIONS', 'SERIAL', ''], rows);
    }
    return 0;
  },
};

/** By service, SPIFFE ID or workload: instances of one service account share a certificate. */
async function choose(client: EngineClient, certificates: Certificate[], name: string): Promise<Certificate[]> {
  const { workloads } = await client.call('getStatus');
  const identity = workloads.find(({ id }) => id === name)?.spiffeId ?? name;
  const chosen = certificates.filter((one) => one.service === name || one.spiffeId === identity);
  if (chosen.length > 0) return chosen;
  const known = [...new Set(certificates.map(({ service }) => service))];
  const meant = nearest(name, [...known, ...workloads.map(({ id }) => id)]);
  throw new CommandError(
    `There is no certificate for ${name}${meant ? `: did you mean ${meant}?` : `; there are ${known.join(', ')}`}`,
  );
}

async function rotate(client: EngineClient, chosen: Certificate[] | null): Promise<Certificate[]> {
  if (!chosen) return (await client.call('rotateCertificates', { body: {} })).certificates;
  const answers = await Promise.all(chosen.map(({ spiffeId }) => client.call('rotateCertificates', { body: { spiffeId } })));
  return answers.flatMap((answer) => answer.certificates);
}

async function breakAll(
  client: EngineClient,
  chosen: Certificate[],
  as: NonNullable<Certificate['flaw']>,
  forText: string,
): Promise<Certificate[]> {
  const answers = await Promise.all(
    chosen.map(({ spiffeId }) => client.call('breakCertificate', { body: { spiffeId, as, for: forText } })),
  );
  return answers.flatMap((answer) => answer.certificates);
}

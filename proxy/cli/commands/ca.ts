import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineClient } from '../client.ts';
import { type Command, CommandError } from '../command.ts';

export const command: Command = {
  usage: 'ca [--pem]',
  summary: 'The local certificate authority: what it is, and with --pem its certificate. Its key is never shown.',
  options: { pem: { type: 'boolean' } },
  async run({ home, json, out, values }) {
    const client = await EngineClient.open(home);
    const status = await client.call('getStatus');
    if (values.pem) {
      const trustDomain = /^spiffe:\/\/([^/]+)\//.exec(status.certificates[0]?.spiffeId ?? '')?.[1];
      const file = path.join(home, 'ca', `${trustDomain ?? 'cluster.local'}.crt`);
      out.line((await readFile(file, 'utf8').catch((error: Error) => throwError(`${file}: ${error.message}`))).trimEnd());
    } else if (json) out.json(status.ca);
    else {
      out.line(`${status.ca.subject}\nvalid until ${status.ca.notAfter}\nSHA-256 ${status.ca.fingerprint256}`);
      out.line(out.style('dim', 'Signs workload identities of its trust domain only; no need to trust it anywhere.'));
    }
    return 0;
  },
};

function throwError(message: string): never {
  throw new CommandError(message);
}

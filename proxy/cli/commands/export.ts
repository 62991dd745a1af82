import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { type Command, type CommandContext, CommandError, text, texts, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'export istio|gateway-api|envoy -f FILE|FOLDER… [--workload ID] | export k6|curl RECORDING',
  summary:
    'Writes the configuration for the real mesh to standard output; what could not be carried over goes to standard error.',
  options: { file: { type: 'string', short: 'f', multiple: true }, workload: { type: 'string' } },
  async run(context) {
    const { json, out, positionals, values } = context;
    const [format, recording] = positionals;
    if (format === 'k6' || format === 'curl') return exportRecording(context, format, recording);
    const files = texts(values, 'file');
    if (!format || !['istio', 'gateway-api', 'envoy'].includes(format))
      throw new UsageError('say istio, gateway-api, envoy, k6 or curl');
    if (files.length === 0) throw new UsageError('name a file or folder with -f');
    const { loadOffline } = await import('../load-offline.ts');
    const set = await loadOffline(files);
    if (format === 'envoy') {
      const { compile } = await import('../../control-plane/compile/index.ts');
      const { exportEnvoyBootstrap } = await import('../../control-plane/compile/export-envoy.ts');
      const { snapshot } = compile(set, { version: 1, now: Date.now() });
      const workload = text(values, 'workload') ?? snapshot.proxies[0]?.id ?? '';
      const bootstrap = exportEnvoyBootstrap(snapshot, workload, { ports: {} });
      if (!bootstrap)
        throw new CommandError(`There is no workload ${workload}; there are ${snapshot.proxies.map((one) => one.id).join(', ')}`);
      out.line(JSON.stringify(bootstrap, null, json ? 0 : 2));
      return 0;
    }
    const exported =
      format === 'istio'
        ? (await import('../../config/export/istio.ts')).exportIstio(set)
        : (await import('../../config/export/gateway-api.ts')).exportGatewayApi(set);
    if (json) out.json(exported);
    else {
      out.line(exported.yaml.trimEnd());
      for (const note of exported.notes) out.error(`note: ${note}`);
    }
    return 0;
  },
};

/** A recording's calls as a script for another tool. */
async function exportRecording(
  { home, out, json }: CommandContext,
  format: 'k6' | 'curl',
  name: string | undefined,
): Promise<number> {
  if (name === undefined) throw new UsageError('name the recording');
  const { EngineClient } = await import('../client.ts');
  const { exportCurl, exportK6 } = await import('../../recorder/export-script.ts');
  const client = await EngineClient.open(home);
  const { ingress } = await client.call('getStatus', {});
  const exchanges: ExchangeDetail[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('listRecordedExchanges', {
      params: { id: name },
      query: { limit: '500', ...(cursor ? { cursor } : {}) },
    });
    exchanges.push(...page.exchanges);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  if (exchanges.length === 0) throw new CommandError(`Recording ${name} is empty: there is nothing to send`);
  const script = (format === 'k6' ? exportK6 : exportCurl)(name, exchanges, ingress);
  if (json) out.json({ format, script });
  else out.line(script.trimEnd());
  return 0;
}

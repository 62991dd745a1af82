import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, text, texts, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'export istio|gateway-api|envoy [-f FILE|FOLDER…] [--workload ID] | export k6|curl RECORDING [--url BASE] [-o FILE]',
  summary:
    'Writes the configuration for the real mesh (that of the running engine, or of files), or a recording as a script, to standard output; ' +
    'what could not be carried over goes to standard error.',
  options: {
    file: { type: 'string', short: 'f', multiple: true },
    workload: { type: 'string' },
    url: { type: 'string' },
    output: { type: 'string', short: 'o' },
  },
  async run(context) {
    const { json, out, positionals, values } = context;
    const [format] = positionals;
    if (format === 'k6' || format === 'curl') return (await import('../export-recording.ts')).exportRecording(context, format);
    const files = texts(values, 'file');
    if (!format || !['istio', 'gateway-api', 'envoy'].includes(format))
      throw new UsageError('say istio, gateway-api, envoy, k6 or curl');
    if (files.length === 0) return exportRunning(context, format);
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

/** What the engine of this home runs now, live changes included. */
async function exportRunning({ home, json, out, values }: CommandContext, format: string): Promise<number> {
  const client = await EngineClient.open(home);
  const exported = await client.call('exportConfig', { params: { format }, query: { workload: text(values, 'workload') } });
  if (json && format === 'envoy') out.line(JSON.stringify(JSON.parse(exported.text)));
  else if (json) out.json({ yaml: exported.text, notes: exported.notes });
  else {
    out.line(exported.text.trimEnd());
    for (const note of exported.notes) out.error(`note: ${note}`);
  }
  return 0;
}

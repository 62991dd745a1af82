import type { Explanation } from '../../api/explain.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, pairs, text, texts, UsageError } from '../command.ts';
import { milliseconds } from '../output.ts';

export const command: Command = {
  usage: 'explain --from A --to B [--method M] [-H name:value]… [PATH] [-f FILE…]',
  summary: 'Which objects and rules would apply to a request, which were skipped and why. With -f it needs no engine.',
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    method: { type: 'string' },
    header: { type: 'string', short: 'H', multiple: true },
    file: { type: 'string', short: 'f', multiple: true },
  },
  async run(context) {
    const { values, positionals, json, out } = context;
    const [from, to] = [text(values, 'from'), text(values, 'to')];
    if (!from || !to) throw new UsageError('name the caller with --from and the host with --to');
    const request = {
      from,
      to,
      method: (text(values, 'method') ?? 'GET').toUpperCase(),
      path: positionals[0] ?? '/',
      headers: pairs(values, 'header'),
    };
    const files = texts(values, 'file');
    const explanation =
      files.length > 0
        ? await (await import('../explain-offline.ts')).explainOffline(files, request)
        : await (await EngineClient.open(context.home)).call('explain', { body: request });
    if (!explanation) throw new CommandError('This request cannot be explained');
    if (json) out.json(explanation);
    else print(context, explanation);
    return 0;
  },
};

/** What limits and outlier detection would do to the request now; nothing for what is unlimited and healthy. */
function describeStatus(status: Explanation['clusters'][number]['status']): string[] {
  const limits = (status?.limits ?? []).filter(({ limit, overflowed }) => limit !== null || overflowed > 0);
  const lines = limits.map(({ name, current, limit, overflowed }) => {
    const refused = overflowed === 0 ? '' : `, overflowed ${overflowed} ×`;
    return `${name} ${current} of ${limit ?? 'unlimited'}${refused}`;
  });
  for (const { address, workload, ejected } of status?.endpoints ?? []) {
    if (ejected === null) continue;
    const when = `for the ${ordinal(ejected.count)} time, back in ${milliseconds(ejected.remainingMs)}`;
    lines.push(`${workload || address} is ejected (${ejected.reason}) ${when}`);
  }
  const kept = status?.notEjected[0];
  if (kept !== undefined) lines.push(`${kept.endpoint} was not ejected: ${kept.reason}`);
  return lines;
}

function ordinal(count: number): string {
  const suffix = count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${suffix}`;
}

function print({ out }: CommandContext, e: Explanation): void {
  out.line(out.style('bold', e.summary));
  out.line();
  for (const rule of e.rules) {
    const mark = rule.matched ? out.style('green', '✓') : out.style('dim', '✗');
    const where = rule.resource
      ? `${rule.resource.kind} ${rule.resource.namespace}/${rule.resource.name} ${rule.resource.path ?? ''}`
      : '';
    out.line(`  ${mark} ${rule.route}  ${where}  ${out.style('dim', rule.reason)}`);
  }
  if (e.statPrefix !== undefined) out.line(`  counted by Envoy as vhost.${e.virtualHost}.route.${e.statPrefix}`);
  for (const cluster of e.clusters) {
    const endpoints = cluster.endpoints.map((endpoint) => endpoint.workload || endpoint.address).join(', ');
    out.line(`  → ${(cluster.share * 100).toFixed(1)} %  ${cluster.cluster}  ${out.style('dim', endpoints || 'no endpoints')}`);
    for (const line of describeStatus(cluster.status)) out.line(`      ${line}`);
  }
  const shown = (ms: number | null) => (ms === null ? 'none' : milliseconds(ms));
  const retries = e.retries.value ? `${e.retries.value.attempts} on ${e.retries.value.retryOn}` : 'none';
  out.line();
  out.line(
    `  timeout ${shown(e.timeoutMs.value)} (${e.timeoutMs.from}); per try ${shown(e.perTryTimeoutMs.value)}; retries ${retries} (${e.retries.from})`,
  );
  out.line(`  longest wait ${e.worstCaseMs === null ? 'unbounded' : milliseconds(e.worstCaseMs)}`);
  for (const fault of e.faults) out.line(`  fault ${fault.name} (${fault.side} side): ${fault.effect}, ${fault.percentage} %`);
  for (const policy of e.policies)
    out.line(`  ${policy.resource.kind} ${policy.resource.name}: ${policy.outcome} ${policy.reason}`);
  for (const { simulation, recording, service, from, mode, enabled } of e.standIns ?? []) {
    const whom = from === '' ? '' : `, only to ${from}`;
    const how = enabled ? `answers instead of the service (mode ${mode}${whom})` : 'is switched off';
    out.line(`  stand-in ${simulation}: ${recording} for ${service} ${how}`);
  }
  for (const object of e.objects.filter((one) => !one.used)) {
    out.line(
      out.style(
        'dim',
        `  not used: ${object.resource.kind} ${object.resource.namespace}/${object.resource.name}: ${object.reason}`,
      ),
    );
  }
}

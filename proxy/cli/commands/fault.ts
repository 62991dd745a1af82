import type { FaultSpec } from '../../api/fault.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, number, text, texts, UsageError } from '../command.ts';

export const command: Command = {
  usage:
    'fault add --to SERVICE [--version V] [--from S] [--percent N] [--delay 500ms] [--abort 503|reset|hang] [--toxic latency,latency=100,jitter=20,stream=upstream,toxicity=0.5]… [--side server|client] ' +
    '[--path PREFIX] [--expires 10m] [--name N] | fault ls | fault rm NAME | fault rm --all',
  summary:
    'Makes a service misbehave. A fault ends after 10 minutes unless --expires says otherwise; `rm --all`, or `stop`, removes all at once.',
  options: {
    to: { type: 'string' },
    version: { type: 'string' },
    from: { type: 'string' },
    percent: { type: 'string' },
    delay: { type: 'string' },
    abort: { type: 'string' },
    toxic: { type: 'string', multiple: true },
    side: { type: 'string' },
    path: { type: 'string' },
    method: { type: 'string' },
    expires: { type: 'string' },
    name: { type: 'string' },
    seed: { type: 'string' },
    all: { type: 'boolean' },
  },
  async run(context) {
    const [action, name] = context.positionals;
    if (action === 'add') return add(context);
    if (action === 'ls') return list(context);
    if (action === 'rm' && name) return remove(context, name);
    if (action === 'stop' || (action === 'rm' && context.values.all === true)) return stop(context);
    throw new UsageError('say add, ls, rm NAME or rm --all');
  },
};

async function add({ values, home, json, out }: CommandContext): Promise<number> {
  const to = text(values, 'to');
  if (!to) throw new UsageError('name the service that misbehaves with --to');
  const [service = to, namespace] = to.split('.');
  const [from, side, delay, abort] = ['from', 'side', 'delay', 'abort'].map((option) => text(values, option));
  if (side !== undefined && side !== 'server' && side !== 'client') throw new UsageError('--side is server or client');
  const toxics = texts(values, 'toxic').map(toxicOf);
  if (delay === undefined && abort === undefined && toxics.length === 0) {
    throw new UsageError('say what happens: --delay 500ms, --abort 503, --toxic latency,latency=100, or several');
  }
  const [path, method] = [text(values, 'path'), text(values, 'method')];
  const spec: Partial<FaultSpec> & Pick<FaultSpec, 'to'> = {
    to: { service, namespace, version: text(values, 'version') },
    from: from === undefined ? undefined : { service: from },
    side,
    percentage: number(values, 'percent'),
    delay: delay === undefined ? undefined : { fixed: delay },
    abort: abort === undefined ? undefined : abortOf(abort),
    tcp: toxics.length === 0 ? undefined : toxics,
    match:
      path || method ? [{ uri: path ? { prefix: path } : undefined, method: method ? { exact: method } : undefined }] : undefined,
    expires: text(values, 'expires'),
    seed: number(values, 'seed'),
  };
  const fault = await (await EngineClient.open(home)).call('addFault', { body: { name: text(values, 'name'), spec } });
  if (json) out.json(fault);
  else out.line(`Fault ${fault.name} is ${fault.state}${fault.expiresAt ? ` until ${fault.expiresAt}` : ''}`);
  return 0;
}

function abortOf(abort: string): NonNullable<FaultSpec['abort']> {
  if (abort === 'reset') return { reset: true };
  if (abort === 'hang') return { hang: true };
  if (/^\d{3}$/.test(abort)) return { httpStatus: Number(abort) };
  return { grpcStatus: abort };
}

type Toxic = NonNullable<FaultSpec['tcp']>[number];

/** `latency,latency=100,stream=upstream,toxicity=0.5`: the kind, then its attributes. The engine says which there are. */
export function toxicOf(text: string): Toxic {
  const [type = '', ...settings] = text.split(',').map((part) => part.trim());
  const toxic: Toxic = { type: type as Toxic['type'], stream: 'downstream', toxicity: 1, attributes: {} };
  for (const setting of settings) {
    const [key = '', value = ''] = setting.split('=', 2);
    if (key === 'stream') {
      if (value !== 'upstream' && value !== 'downstream') throw new UsageError('a toxic’s stream is upstream or downstream');
      toxic.stream = value;
      continue;
    }
    const number = Number(value);
    if (value === '' || !Number.isFinite(number))
      throw new UsageError(`--toxic ${text}: ${key} needs a number, as in ${key}=100`);
    if (key === 'toxicity') toxic.toxicity = number;
    else toxic.attributes[key] = number;
  }
  return toxic;
}

async function list({ home, json, out }: CommandContext): Promise<number> {
  const { faults } = await (await EngineClient.open(home)).call('listFaults');
  if (json) {
    out.json({ faults });
    return 0;
  }
  const rows = faults.map((fault) => {
    const { to, from, percentage, delay, abort, tcp } = fault.spec;
    const edge = `${from?.service ?? 'anyone'} → ${to.service}${to.version ? `-${to.version}` : ''}`;
    const toxics = (tcp ?? []).map(({ type, attributes }) => `${type} ${JSON.stringify(attributes)}`);
    const effect = [delay && `delay ${JSON.stringify(delay)}`, abort && `abort ${JSON.stringify(abort)}`, ...toxics]
      .filter(Boolean)
      .join(', ');
    return [
      fault.name,
      fault.state,
      edge,
      `${percentage} %`,
      effect,
      `${fault.hits} of ${fault.matched}`,
      fault.expiresAt ?? 'stays',
    ];
  });
  out.table(['FAULT', 'STATE', 'EDGE', 'SHARE', 'EFFECT', 'HITS', 'UNTIL'], rows);
  return 0;
}

async function remove({ home, json, out }: CommandContext, name: string): Promise<number> {
  const answer = await (await EngineClient.open(home)).call('deleteFault', { params: { name } });
  if (json) out.json(answer);
  else out.line(`Fault ${answer.removed} is gone`);
  return 0;
}

async function stop({ home, json, out }: CommandContext): Promise<number> {
  const answer = await (await EngineClient.open(home)).call('stopAllFaults', { body: {} });
  if (json) out.json(answer);
  else out.line(answer.stopped.length === 0 ? 'There was no fault' : `Stopped: ${answer.stopped.join(', ')}`);
  return 0;
}

import type { ScenarioLoad } from '../api/scenario.schema.ts';
import type { ScenarioChange, ScenarioFault } from './scenario-mesh.ts';
import { rateOf } from './timeline.ts';

/** `20 req/s from ingress`, `5 to 50 req/s from web` */
export function labelOfLoad(load: ScenarioLoad): string {
  const { from, to } = rateOf(load);
  const rate = from === to ? `${from}` : `${from} to ${to}`;
  const process = load.arrivals === 'poisson' ? ' (Poisson)' : '';
  const wire = { http: '', http2: ' over HTTP/2', grpc: ' over gRPC' }[load.protocol];
  return `${rate} req/s${process}${wire} from ${load.from?.service ?? 'ingress'}`;
}

/** `503 for 50 % at payments`, `delay 500ms at ratings, from reviews` */
export function labelOfFault({ spec }: ScenarioFault): string {
  const { delay, abort, response, tcp, percentage, to, from } = spec;
  const effects: string[] = [];
  if (delay) effects.push(`delay ${'fixed' in delay ? delay.fixed : Object.keys(delay)[0]}`);
  if (abort) effects.push(abortWords(abort));
  if (response) effects.push(...Object.keys(response).map((effect) => responseWords[effect] ?? effect));
  if (tcp) effects.push(...tcp.map(({ type }) => type.replaceAll('_', ' ')));
  const share = percentage === 100 ? '' : ` for ${percentage} %`;
  const target = to.workload ?? (to.version === undefined ? to.service : `${to.service} ${to.version}`);
  return `${effects.join(', ') || 'nothing'}${share} at ${target}${from ? `, from ${from.service}` : ''}`;
}

const responseWords: Readonly<Record<string, string>> = {
  truncateAfter: 'truncated answers',
  bytesPerSecond: 'slow answers',
  corrupt: 'corrupt answers',
};

function abortWords(abort: NonNullable<ScenarioFault['spec']['abort']>): string {
  if ('httpStatus' in abort) return String(abort.httpStatus);
  if ('grpcStatus' in abort) return `gRPC ${abort.grpcStatus}`;
  return 'reset' in abort ? 'reset' : 'no answer';
}

/** `reviews v1 90, v2 10`, `apply VirtualService reviews`, `stop payments-v1-1` */
export function labelOfChange({ apply, delete: removed, shift, stop, start }: ScenarioChange): string {
  const words: string[] = [];
  if (shift) {
    const weights = Object.entries(shift.weights).map(([version, weight]) => `${version} ${weight}`);
    words.push(`${shift.service} ${weights.join(', ')}`);
  }
  for (const resource of apply ?? []) words.push(`apply ${resource.kind} ${nameOf(resource)}`);
  for (const { kind, name } of removed ?? []) words.push(`delete ${kind} ${name}`);
  if (stop !== undefined) words.push(`stop ${stop}`);
  if (start !== undefined) words.push(`start ${start}`);
  return words.join('; ');
}

function nameOf(resource: Record<string, unknown>): string {
  const { metadata } = resource;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata ? String(metadata.name) : '';
}

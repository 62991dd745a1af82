import type { Status } from '../../api/status.schema.ts';
import { EngineClient } from '../client.ts';
import type { Command } from '../command.ts';
import type { Output } from '../output.ts';

export const command: Command = {
  usage: 'status',
  summary: 'Services, workloads, ports, health and certificates of the running engine. Exit code 1 when something is not well.',
  options: {},
  async run({ home, json, out }) {
    const status = await (await EngineClient.open(home)).call('getStatus');
    if (json) out.json(status);
    else printStatus(out, status);
    return status.health === 'ok' ? 0 : 1;
  },
};

function printStatus(out: Output, status: Status): void {
  const mark = status.health === 'ok' ? out.style('green', '✓ ok') : out.style('yellow', `▲ ${status.health}`);
  const memory = `${Math.round(status.memory.rssBytes / 1e6)} MB`;
  out.line(`${out.style('bold', status.name)}  ${mark}  pid ${status.pid}, up ${span(status.uptimeSeconds)}, ${memory}`);
  const places = [
    ['Interface', status.control.url],
    ['Ingress', status.ingress],
    ['OTLP', [status.otlp.http, status.otlp.grpc].filter((address) => address !== '').join(', gRPC ')],
    ['Toxiproxy', status.toxiproxy],
  ];
  for (const [name, place] of places) out.line(`${out.style('dim', (name ?? '').padEnd(9))}  ${place || 'none'}`);
  for (const problem of status.problems) out.line(out.style('yellow', `▲ ${problem}`));
  for (const { id, service, recording, enabled, from, misses } of status.simulations ?? []) {
    const missed = misses === 0 ? '' : `, ${misses} missed`;
    const whom = from === '' ? '' : ` to ${from}`;
    out.line(
      `◇ ${recording} ${enabled ? `answers${whom} for ${service}` : `would answer${whom} for ${service}, but is off`} (${id}${missed})`,
    );
  }
  out.line();
  const expiry = new Map(status.certificates.map((certificate) => [certificate.spiffeId, certificate.notAfter]));
  const rows = status.workloads.map((one) => [
    one.id,
    healthCell(out, one.health ?? ''),
    one.app,
    one.outbound,
    one.inbound,
    expiryCell(out, expiry.get(one.spiffeId) ?? ''),
  ]);
  out.table(['WORKLOAD', 'HEALTH', 'APP', 'OUTBOUND', 'INBOUND', 'CERTIFICATE'], rows, { drop: [4, 5], cut: [0, 2] });
}

function healthCell(out: Output, health: string): string {
  if (!out.isTerminal || health === '') return health;
  return health === 'ready' ? out.style('green', `✓ ${health}`) : out.style('yellow', `▲ ${health}`);
}

/** A person wants to know how long it holds, a script until when. */
function expiryCell(out: Output, notAfter: string): string {
  if (!out.isTerminal || notAfter === '') return notAfter;
  const seconds = (Date.parse(notAfter) - Date.now()) / 1000;
  return seconds > 0 ? `${span(seconds)} left` : out.style('red', '✖ expired');
}

/** `41 s`, `9 min`, `2 h 05 min`, `3 d` */
function span(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} d`;
}

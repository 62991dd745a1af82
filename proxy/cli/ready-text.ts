import type { Ready } from '../api/status.schema.ts';
import type { Output } from './output.ts';

/** Where clients look when nobody tells them otherwise: another port is said with the reason. */
const usualPorts = { toxiproxy: 8474, otlpHttp: 4318, otlpGrpc: 4317 } as const;

export interface ReadyTextOptions {
  /** The user chose Toxiproxy's port: another one is no surprise. */
  toxiproxyPort?: number | undefined;
}

/** What `drydock up` says in a terminal when the mesh serves. */
export function printReady(out: Output, ready: Ready, { toxiproxyPort }: ReadyTextOptions = {}): void {
  const { control, ingress, toxiproxy, otlp, workloads } = ready;
  const bold = (text: string) => out.style('bold', text);
  out.line(`${out.style('green', '●')} The mesh is up.`);
  out.line();
  out.line(`  Interface  ${bold(`${control.url}/#token=${control.token}`)}`);
  if (ingress) out.line(`  Ingress    ${bold(ingress)}${ingress.startsWith('http:') ? '   Host: <service>.localhost' : ''}`);
  const traces = [otlp.http, otlp.grpc && `gRPC ${otlp.grpc}`].filter(Boolean).join(', ');
  if (traces) out.line(`  OTLP       ${traces}${moved([otlp.http, usualPorts.otlpHttp], [otlp.grpc, usualPorts.otlpGrpc])}`);
  if (toxiproxy) out.line(`  Toxiproxy  ${toxiproxy}${moved([toxiproxy, toxiproxyPort ?? usualPorts.toxiproxy])}`);
  out.line();
  const rows = workloads.map((one) => [`  ${one.id}`, one.app, one.inbound, one.outbound, one.health ?? '']);
  out.table(['  WORKLOAD', 'APP', 'INBOUND', 'OUTBOUND (HTTP_PROXY)', 'HEALTH'], rows);
  out.line();
  out.line(out.style('dim', 'Ctrl-C drains and stops.'));
}

/** `   (4318 is not free)` */
function moved(...places: readonly [address: string, port: number][]): string {
  const taken = places.filter(([address, port]) => address !== '' && !address.endsWith(`:${port}`)).map(([, port]) => port);
  if (taken.length === 0) return '';
  return `   (${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} not free)`;
}

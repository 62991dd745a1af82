import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { quoteForShell } from '../../../proxy/api/shell-quote.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';

/** Headers that the client or a proxy writes itself; repeating them would lie about the new request. */
export const writtenAnew =
  /^(host|:.*|content-length|connection|transfer-encoding|keep-alive|te|trailer|upgrade|proxy-.*|x-envoy-.*|x-forwarded-.*|x-request-id|traceparent|tracestate|b3|x-b3-.*)$/i;

/**
 * The request as a curl command that takes the same way into the mesh: through the ingress for a request from outside, else through
 * the outbound port of the caller's sidecar. Redacted headers are left to be filled in.
 */
export function toCurl(exchange: ExchangeDetail, status: Pick<Status, 'ingress' | 'workloads'> | null): string {
  const parts: string[] = ['curl -i'];
  if (exchange.method !== 'GET' || exchange.request.body) parts.push(`-X ${quoteForShell(exchange.method)}`);
  const caller = status?.workloads.find((workload) => workload.id === exchange.sourceWorkload);
  const atIngress = exchange.reporter === 'gateway' && status;
  if (atIngress) parts.push(`-H ${quoteForShell(`Host: ${exchange.authority}`)}`);
  else if (caller) parts.push(`-x ${quoteForShell(caller.outbound)}`);
  for (const [name, value] of exchange.request.headers) {
    if (writtenAnew.test(name)) continue;
    const redacted = exchange.redacted.includes(`request.headers.${name.toLowerCase()}`);
    parts.push(`-H ${quoteForShell(`${name}: ${redacted ? '<redacted>' : value}`)}`);
  }
  const { body } = exchange.request;
  if (body && body.encoding === 'utf8' && body.content !== '') parts.push(`--data-raw ${quoteForShell(body.content)}`);
  const base = atIngress ? status.ingress : `http://${exchange.authority}`;
  parts.push(quoteForShell(`${base.replace(/\/$/, '')}${exchange.path}`));
  return parts.join(' \\\n  ');
}

import type { Exchange } from '../api/exchange.schema.ts';
import type { RecordingFilter } from '../api/recording.schema.ts';

/** `reviews` or `default/reviews` names a service. */
function isService(wanted: string, name: string, namespace: string): boolean {
  return wanted === name || wanted === `${namespace}/${name}`;
}

/** True when the exchange belongs into a recording with this filter; an empty filter takes everything. */
export function passesFilter(exchange: Exchange, filter: RecordingFilter): boolean {
  if (filter.from !== undefined && !isService(filter.from, exchange.source, exchange.sourceNamespace)) return false;
  if (filter.to !== undefined && !isService(filter.to, exchange.destination, exchange.destinationNamespace)) return false;
  if (filter.path !== undefined && !exchange.path.startsWith(filter.path)) return false;
  if (filter.method !== undefined && exchange.method !== filter.method.toUpperCase()) return false;
  return filter.reporter === undefined || exchange.reporter === filter.reporter;
}

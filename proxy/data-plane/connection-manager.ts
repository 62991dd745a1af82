import type { Clock } from './clock.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { HttpManagerSettings, HttpPatches } from './snapshot.ts';
import { startStreamTimers } from './stream-timers.ts';

/* What EnvoyFilters change of HTTP connection managers: the server's name, and how long streams may take. */

/** For one destination port; null where they say nothing. */
export function managerSettings(patches: HttpPatches | undefined, port: number): HttpManagerSettings | null {
  if (patches === undefined || patches.managers.length === 0) return null;
  const own = patches.managers.filter((manager) => manager.port === 0 || manager.port === port);
  return own.length === 0 ? null : Object.assign({}, ...own);
}

/** For an exchange whose route is picked. */
export function applyManager(exchange: LiveExchange, manager: HttpManagerSettings | null, clock: Clock): void {
  if (manager !== null) nameServer(exchange, manager);
  startStreamTimers(exchange, manager, clock);
}

/** `server` of every answer as EnvoyFilters want it; otherwise it is the proxy's own name (finishResponse). */
function nameServer(exchange: LiveExchange, { serverHeader, serverName }: HttpManagerSettings): void {
  const { downstream } = exchange;
  const finish = downstream.finishHead;
  if (finish === null || (serverHeader === undefined && serverName === undefined)) return;
  downstream.finishHead = (status, headers) => {
    const upstreams = headers.get('server');
    finish(status, headers);
    if (serverHeader === 'PASS_THROUGH' && upstreams === undefined) headers.remove('server');
    else if (upstreams !== undefined && (serverHeader === 'PASS_THROUGH' || serverHeader === 'APPEND_IF_ABSENT'))
      headers.set('server', upstreams);
    else if (serverName !== undefined) headers.set('server', serverName);
  };
}

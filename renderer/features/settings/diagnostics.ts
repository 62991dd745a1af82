import type { Engine } from '../../engine/engine.ts';

const maxEvents = 500;

/** What one needs to look into a problem on another machine: no requests, no bodies, and not the token that opens the control API. */
export async function gatherDiagnostics(engine: Pick<Engine, 'call'>): Promise<string> {
  const [status, resources, clusters, events] = await Promise.all([
    engine.call('getStatus'),
    engine.call('listResources'),
    engine.call('getClusters', {}),
    engine.call('listEvents', { query: { limit: maxEvents } }),
  ]);
  const { control, ...rest } = status;
  const kept = resources.resources.filter(({ kind }) => kind !== 'Secret');
  return `${JSON.stringify({ status: { ...rest, control: { url: control.url } }, resources: kept, ...clusters, ...events }, null, 2)}\n`;
}

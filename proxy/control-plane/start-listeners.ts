import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { findPortOwner } from './port-owner.ts';
import { type ControlServer, type ControlServerOptions, startControlServer } from './server/control-server.ts';
import { ToxiproxyApi, type ToxiproxyState } from './toxiproxy/index.ts';

/** The engine could not start; the diagnostics say why. Nothing is left running. */
export class StartError extends Error {
  override name = 'StartError';
  readonly diagnostics: Diagnostic[];
  constructor(diagnostics: Diagnostic[]) {
    super(diagnostics.find((diagnostic) => diagnostic.severity === 'error')?.message ?? 'The engine could not start');
    this.diagnostics = diagnostics;
  }
}

const defaultToxiproxyPort = 8474;

/** Listens on the port the user fixed, or on last run's, or on any. Throws StartError when a fixed one is taken. */
export async function listenControl(
  options: Omit<ControlServerOptions, 'port'>,
  ports: { fixed: number | undefined; remembered: number | undefined },
): Promise<ControlServer> {
  const { fixed, remembered } = ports;
  try {
    return await startControlServer({ ...options, port: fixed ?? remembered ?? 0 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!fixed) return startControlServer({ ...options, port: 0 });
    const owner = await findPortOwner(fixed);
    const message = `127.0.0.1:${fixed}, the control port, is taken${owner ? ` by ${owner}` : ''}`;
    throw new StartError([
      { severity: 'error', code: 'DD1204', message, suggestion: 'Omit --control-port and Drydock chooses one' },
    ]);
  }
}

/** The Toxiproxy API on its usual port, or the next free one; exactly the one the user fixed, or StartError. */
export async function listenToxiproxy(state: ToxiproxyState, fixed: number | undefined): Promise<ToxiproxyApi> {
  try {
    return await ToxiproxyApi.listen(state, { port: fixed ?? defaultToxiproxyPort, fixed: fixed !== undefined });
  } catch (error) {
    const owner = fixed ? await findPortOwner(fixed) : '';
    const message = `The Toxiproxy API cannot listen on port ${fixed ?? defaultToxiproxyPort}: ${(error as Error).message}${owner ? `; held by ${owner}` : ''}`;
    throw new StartError([{ severity: 'error', code: 'DD1204', message }]);
  }
}

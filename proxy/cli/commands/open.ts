import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineClient } from '../client.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'open [--print]',
  summary: 'Opens the desktop app on the running engine; without a display, or with --print, prints the address for a browser.',
  options: { print: { type: 'boolean' } },
  async run({ home, json, out, values }) {
    const { engine } = await EngineClient.open(home);
    // The token travels in the fragment, which a browser never sends anywhere.
    const address = `${engine.url}/#token=${engine.token}`;
    if (json) out.json({ url: address });
    else if (values.print) out.line(address);
    else if (hasDisplay() && (await openDesktopApp(home, engine.paths ?? []))) out.line(`The desktop app opens on ${engine.url}`);
    else out.line(`Open this address in a browser on this machine:\n${address}`);
    return 0;
  },
};

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/**
 * The app attaches to the engine of this home and leaves it running when it is closed; should the engine end, it starts the same mesh again,
 * not the sample. No token in the argument list: the app reads engine.json.
 */
function openDesktopApp(home: string, meshFiles: readonly string[]): Promise<boolean> {
  const script = fileURLToPath(new URL('../../../scripts/start.mjs', import.meta.url));
  if (!existsSync(script)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [script, '--home', home, '--no-traffic', ...meshFiles.flatMap((file) => ['-f', file])],
      { stdio: 'ignore', detached: true },
    );
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

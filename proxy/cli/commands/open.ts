import { spawn } from 'node:child_process';
import { EngineClient } from '../client.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'open [--print]',
  summary: 'Opens the user interface of the running engine in the browser; --print only prints its address.',
  options: { print: { type: 'boolean' } },
  async run({ home, json, out, values }) {
    const { engine } = await EngineClient.open(home);
    // The token travels in the fragment, which a browser never sends anywhere.
    const address = `${engine.url}/#token=${engine.token}`;
    if (json) out.json({ url: address });
    else if (values.print) out.line(address);
    else if (await openBrowser(engine.url)) out.line(`Opened ${engine.url}; if it asks for a token: drydock open --print`);
    else out.line(`No browser could be started. Open ${address}`);
    return 0;
  },
};

/** Without the token: an argument list is readable by every process of the machine. */
function openBrowser(url: string): Promise<boolean> {
  const [command, ...before] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  return new Promise((resolve) => {
    const child = spawn(command!, [...before, url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    child.unref();
  });
}

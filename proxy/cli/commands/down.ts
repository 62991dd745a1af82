import { readEngineFile } from '../../control-plane/home.ts';
import { EngineClient } from '../client.ts';
import { type Command, CommandError } from '../command.ts';

const waitMs = 15_000;

export const command: Command = {
  usage: 'down',
  summary: 'Drains and stops the running engine.',
  options: {},
  async run({ home, json, out }) {
    const client = await EngineClient.open(home);
    await client.call('shutdown', { body: {} });
    const end = Date.now() + waitMs;
    while (await readEngineFile(home)) {
      if (Date.now() > end)
        throw new CommandError(`The engine (pid ${client.engine.pid}) has not stopped within ${waitMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (json) out.json({ stopped: client.engine.pid });
    else out.line('The engine has stopped.');
    return 0;
  },
};

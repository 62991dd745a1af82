import { EngineClient } from '../client.ts';
import { type Command, text, UsageError } from '../command.ts';
import { importRecording, printImported } from '../import-recording.ts';
import { printRecordings, recordingActions } from '../recording-actions.ts';

export const command: Command = {
  usage:
    'record start NAME [--from A] [--to B] [--path PREFIX] [--method M] [--for 60s]\n' +
    '    | next 60s [NAME] | stop NAME | ls | show NAME | rename NAME NEW | note NAME TEXT [--exchange ID]\n' +
    '    | trim NAME [--since 10s] [--until=-5s] [--from A] [--to B] [--path PREFIX] [--method M] [--status 5xx] [--exchange ID]\n' +
    '          [--marked] [--traces] [--as NEW]\n' +
    '    | copy NAME [--as NEW] | merge A B… [--as NEW] | rm NAME | restore ID | export NAME [--har] [-o FILE]\n' +
    '    | import FILE [--as NAME]  (a recording file, HAR, zipped HAR, Hoverfly, WireMock)',
  summary:
    'Traffic recordings. Without a filter everything is recorded; when stop answers, the recording is on disk.\n' +
    '`trim`, `copy` and `merge` make new recordings; `--traces` takes the rest of the traces along.',
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    path: { type: 'string' },
    method: { type: 'string' },
    status: { type: 'string' },
    for: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    exchange: { type: 'string', multiple: true },
    marked: { type: 'boolean' },
    traces: { type: 'boolean' },
    as: { type: 'string' },
    har: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  async run(context) {
    const [action = '', name] = context.positionals;
    const known = recordingActions[action];
    if (action !== '' && !known && action !== 'ls' && action !== 'import') throw new UsageError(`there is no record ${action}`);
    if (action !== 'ls' && !name)
      throw new UsageError(`say ${[...Object.keys(recordingActions), 'import'].join(', ')} with a name, or ls`);
    const client = await EngineClient.open(context.home);
    if (action === 'ls') return printRecordings(context, (await client.call('listRecordings')).recordings);
    if (known) return known(context, client, name!);
    return printImported(context, await importRecording(client, name!, text(context.values, 'as')));
  },
};

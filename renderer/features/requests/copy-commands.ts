import { Terminal } from 'lucide-react';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { toCurl } from '../../../proxy/api/repeat/curl.ts';
import { toFetch } from '../../../proxy/api/repeat/fetch.ts';
import { toHttpie } from '../../../proxy/api/repeat/httpie.ts';
import { canRepeat, type Reach, type Repeatable, toRepeatable } from '../../../proxy/api/repeat/repeatable.ts';
import type { Command, CommandContext } from '../../commands/command.ts';
import { toMatch } from './yaml-match.ts';

type Form = 'curl' | 'fetch' | 'httpie' | 'match';

/** The request in other words, on the clipboard; what the words lack is said with it. */
export function copyCommands(detail: ExchangeDetail | null, status: Reach): Record<Form, Command> {
  const repeatAs =
    (what: string, write: (request: Repeatable) => string) =>
    async ({ toasts }: CommandContext) => {
      if (!detail) return;
      const request = toRepeatable(detail, status);
      await navigator.clipboard.writeText(write(request));
      toasts.ok(`Copied as ${what}`, request.notes.join(' ') || undefined);
    };
  const when = () => detail !== null && canRepeat(detail);
  const command = (id: Form, what: string, run: Command['run'], more: Partial<Command> = {}): Command => ({
    ...{ id: `requests.copy-${id}`, title: `Copy as ${what}`, group: 'This screen', icon: Terminal, when, run, ...more },
  });
  return {
    curl: command('curl', 'curl', repeatAs('curl', toCurl), { keys: 'c' }),
    fetch: command('fetch', 'fetch', repeatAs('fetch', toFetch)),
    httpie: command('httpie', 'HTTPie', repeatAs('HTTPie', toHttpie)),
    match: command('match', 'YAML match', async ({ toasts }) => {
      if (!detail) return;
      await navigator.clipboard.writeText(toMatch(detail));
      toasts.ok('Copied as a YAML match');
    }),
  };
}

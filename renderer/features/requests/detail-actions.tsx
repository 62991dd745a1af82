import { Ellipsis, Pencil, Pin, RotateCw, Terminal, Zap } from 'lucide-react';
import type { Exchange, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { canRepeat } from '../../../proxy/api/repeat/repeatable.ts';
import type { Command } from '../../commands/command.ts';
import { useCommandRegistry, useCommands } from '../../commands/registry.ts';
import { useStatus, useStore } from '../../engine/use-engine.ts';
import { Button, IconButton, Menu } from '../../ui/index.ts';
import { newFile } from '../config/file-names.ts';
import { keepDraft } from '../config/use-draft.ts';
import { copyCommands } from './copy-commands.ts';
import { useKeepRecording } from './marked-menu.tsx';
import type { RequestMarks } from './marks.ts';
import type { useResend } from './resend.tsx';

export interface DetailActionsProps {
  exchange: Exchange;
  detail: ExchangeDetail | null;
  marks: RequestMarks;
  resend: ReturnType<typeof useResend>;
  onEdit: () => void;
}

/** What can be done with a request: each is a button or in the menu behind them, a key and a line of the palette. */
export function DetailActions(props: DetailActionsProps) {
  const { exchange, detail, resend } = props;
  const registry = useCommandRegistry();
  const status = useStatus();
  const copies = copyCommands(detail, status);
  const commands = useActionCommands(props);
  useCommands([...Object.values(commands), ...Object.values(copies)]);
  const keep = useKeepRecording();
  const repeatable = detail !== null && canRepeat(detail);
  const idle = repeatable && !resend.running;
  const run = (command: Command) => () => registry.run(command);
  return (
    <>
      <Button size="small" icon={<RotateCw size={13} />} keys="r" disabled={!idle} onClick={run(commands.resend)}>
        {resend.running ? 'Sending…' : 'Resend'}
      </Button>
      <IconButton
        label="Edit and resend"
        keys="e"
        size="small"
        variant="default"
        icon={<Pencil size={13} />}
        disabled={!repeatable}
        onClick={run(commands.edit)}
      />
      <Button size="small" icon={<Terminal size={13} />} keys="c" disabled={!repeatable} onClick={run(copies.curl)}>
        Copy as curl
      </Button>
      <Menu
        trigger={
          <IconButton
            label="More ways to use this request"
            size="small"
            variant="default"
            icon={<Ellipsis size={14} />}
            disabled={!detail}
          />
        }
        items={[
          ...[copies.fetch, copies.httpie].map((copy) => ({
            ...{ id: copy.id, label: copy.title, disabled: !repeatable, onSelect: run(copy) },
          })),
          { id: copies.match.id, label: copies.match.title, onSelect: run(copies.match) },
          { separator: 'rule' },
          { id: 'keep', label: 'Keep as a recording, with its trace', onSelect: () => keep([{ id: exchange.id }]) },
          {
            id: 'rule',
            label: 'Write a rule for requests like this',
            disabled: exchange.destination === '',
            onSelect: run(commands.rule),
          },
        ]}
      />
      <Button
        size="small"
        icon={<Zap size={13} />}
        title={commands.fault.title}
        disabled={exchange.destination === ''}
        onClick={run(commands.fault)}
      >
        Add fault
      </Button>
    </>
  );
}

function useActionCommands({ exchange, detail, marks, resend, onEdit }: DetailActionsProps): Record<string, Command> & {
  [name in 'resend' | 'edit' | 'fault' | 'rule' | 'pin']: Command;
} {
  const mark = useStore(marks.all).get(exchange.id);
  const group = 'This screen' as const;
  const repeatable = () => detail !== null && canRepeat(detail) && !resend.running;
  return {
    resend: {
      ...{ id: 'requests.resend', title: 'Resend this request', group, icon: RotateCw },
      // As long as a request is open, sending it again is what "again" means; the page reloads by its key elsewhere.
      ...{ keys: 'r', alsoKeys: '$mod+r', when: repeatable, run: () => resend.send() },
    },
    edit: {
      ...{ id: 'requests.edit-resend', title: 'Edit and resend', group, icon: Pencil },
      ...{ keys: 'e', when: repeatable, run: onEdit },
    },
    fault: {
      ...{ id: 'requests.add-fault', title: `Add fault on ${exchange.source} → ${exchange.destination}`, group, icon: Zap },
      when: () => exchange.destination !== '',
      run: ({ router }) =>
        router.navigate('faults', {
          to: exchange.destination,
          from: exchange.source === 'outside' || exchange.source === 'ingress' ? null : exchange.source,
          method: exchange.method,
          path: exchange.path.split('?')[0],
        }),
    },
    rule: {
      ...{ id: 'requests.write-rule', title: 'Write a rule for requests like this', group, icon: Pencil },
      when: () => detail !== null && exchange.destination !== '',
      run: async ({ router, engine }) => {
        if (!detail) return;
        const [{ writeRule }, { resources }] = await Promise.all([
          import('./write-rule.ts'),
          engine.call('listResourcesOfKind', { params: { kind: 'VirtualService' } }),
        ]);
        keepDraft(newFile, writeRule(detail, resources));
        router.navigate('config', { file: newFile });
      },
    },
    pin: {
      ...{ id: 'requests.pin', title: mark?.annotation.pinned ? 'Unpin this request' : 'Pin this request', group, icon: Pin },
      ...{ keys: 'm', run: () => marks.togglePin(exchange) },
    },
  };
}

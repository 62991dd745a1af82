import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { Box, CornerDownLeft, Search, Spline } from 'lucide-react';
import { useMemo } from 'react';
import type { Command } from '../commands/command.ts';
import { useAllCommands, useCommandRegistry } from '../commands/registry.ts';
import { useGraph } from '../engine/use-engine.ts';
import { screens } from '../features/index.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import './palette.css';

interface Group {
  value: string;
  items: Command[];
}

const order: readonly string[] = ['This screen', 'Go to', 'Mesh', 'View', 'App', 'Requests to', 'Requests between'];

/** ⌘K: every command there is now, and the services and edges of the mesh as filters. It only accelerates what is visible elsewhere. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const registry = useCommandRegistry();
  const all = useAllCommands();
  const graph = useGraph();
  const groups = useMemo<Group[]>(() => {
    const byGroup = new Map<string, Command[]>();
    const add = (group: string, command: Command) => byGroup.set(group, [...(byGroup.get(group) ?? []), command]);
    for (const command of all)
      if (command.id !== 'app.palette' && (command.when?.(registry.context) ?? true)) add(command.group, command);
    if (screens.some((screen) => screen.id === 'requests')) {
      for (const node of graph?.nodes ?? [])
        if (node.kind === 'service') add('Requests to', goToRequests(`node ${node.id}`, node.name, Box, `dest:${node.name}`));
      const nameOf = (id: string) => id.split('/').at(-1) ?? id;
      for (const edge of graph?.edges ?? []) {
        const [from, to] = [nameOf(edge.from), nameOf(edge.to)];
        add('Requests between', goToRequests(`edge ${edge.id}`, `${from} → ${to}`, Spline, `src:${from} dest:${to}`));
      }
    }
    return order.filter((group) => byGroup.has(group)).map((group) => ({ value: group, items: byGroup.get(group) ?? [] }));
  }, [all, graph, registry]);

  const run = (command: Command) => {
    onClose();
    registry.run(command);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dd-backdrop" />
        <Dialog.Popup className="dd-popup palette" aria-label="Command palette" data-testid="palette">
          <Autocomplete.Root
            open
            inline
            items={groups}
            autoHighlight="always"
            keepHighlight
            itemToStringValue={(item) => (item as unknown as Command).title}
            filter={(item, query) => matchesWords(item as unknown as Command, query)}
          >
            <div className="palette-input">
              <Search size={16} aria-hidden="true" />
              <Autocomplete.Input placeholder="A command, a screen, a service…" aria-label="Command" />
            </div>
            <Autocomplete.Empty className="palette-empty">
              <p>Nothing is called that.</p>
            </Autocomplete.Empty>
            <Autocomplete.List className="palette-list">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items}>
                  <Autocomplete.GroupLabel className="palette-group">{group.value}</Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(command: Command) => (
                      <Autocomplete.Item key={command.id} value={command} className="palette-item" onClick={() => run(command)}>
                        {command.icon ? (
                          <command.icon size={15} strokeWidth={1.75} />
                        ) : (
                          <CornerDownLeft size={15} strokeWidth={1.75} />
                        )}
                        <span className="truncate">{command.title}</span>
                        {command.keys && <KeyHint keys={command.keys} />}
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Every word typed is somewhere in the title, the keywords or the group. */
function matchesWords({ title, keywords = '', group }: Command, query: string): boolean {
  const text = `${title} ${keywords} ${group}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function goToRequests(id: string, title: string, icon: Command['icon'], filter: string): Command {
  return {
    id,
    title,
    group: 'Go to',
    icon,
    keywords: `${filter} requests to between`,
    run: ({ router }) => router.navigate('requests', { filter }),
  };
}

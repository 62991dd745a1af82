import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { CornerDownLeft, Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Command } from '../commands/command.ts';
import { useAllCommands, useCommandRegistry } from '../commands/registry.ts';
import { useCall, useGraph } from '../engine/use-engine.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { matchesWords, type PaletteGroup, paletteGroups, pastedTrace } from './palette-items.ts';
import './palette.css';

/** Traces that can be opened by what they did; any other by its id. */
const recentTraces = 30;

/**
 * ⌘K: every command there is now, the services, routes and other objects of the mesh, the latest traces, and edges as filters. It only accelerates
 * what is visible elsewhere.
 */
export default function Palette({ onClose }: { onClose: () => void }) {
  const registry = useCommandRegistry();
  const all = useAllCommands();
  const graph = useGraph();
  const { data: resources } = useCall('listResources');
  const { data: traces } = useCall('listTraces', { query: { limit: recentTraces } });
  const [query, setQuery] = useState('');
  const known = useMemo(() => {
    const commands = all.filter((command) => command.id !== 'app.palette' && (command.when?.(registry.context) ?? true));
    return paletteGroups(commands, { graph, resources: resources?.resources ?? [], traces: traces?.traces ?? [] });
  }, [all, graph, registry, resources, traces]);
  const groups = useMemo(() => {
    const pasted = pastedTrace(query);
    return pasted ? [pasted] : known;
  }, [known, query]);

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
            value={query}
            onValueChange={setQuery}
            autoHighlight="always"
            keepHighlight
            itemToStringValue={(item) => (item as unknown as Command).title}
            filter={(item, query) => matchesWords(item as unknown as Command, query)}
          >
            <div className="palette-input">
              <Search size={16} aria-hidden="true" />
              <Autocomplete.Input placeholder="A command, a screen, a service, a route, a trace…" aria-label="Command" />
            </div>
            <Autocomplete.Empty className="palette-empty">
              <p>Nothing is called that.</p>
            </Autocomplete.Empty>
            <Autocomplete.List className="palette-list">
              {(group: PaletteGroup) => (
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

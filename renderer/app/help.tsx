import type { Command } from '../commands/command.ts';
import { useAllCommands, useCommandRegistry } from '../commands/registry.ts';
import { Dialog } from '../ui/dialog.tsx';
import { KeyHint, keyLabels } from '../ui/key-hint.tsx';
import { type KeyNotes, keyNotes } from './key-notes.ts';
import { useRoute } from './router.ts';

/** Every key that does something now, and those that would with something selected, dimmed. */
export default function Help({ onClose }: { onClose: () => void }) {
  const registry = useCommandRegistry();
  const { screen } = useRoute();
  const available = (command: Command) => command.when?.(registry.context) ?? true;
  const commands = withKeys(useAllCommands(), available);
  const groups = [...new Set(commands.map((command) => command.group))];
  const notes = keyNotes.filter(({ screens }) => screens === undefined || screens.includes(screen));
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts" size="wide">
      <div className="help-grid">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {commands
                .filter((command) => command.group === group)
                .map((command) => (
                  <li key={command.id} className={available(command) ? undefined : 'muted'}>
                    <span>
                      {command.title}
                      {!available(command) && <span className="visually-hidden"> (not now)</span>}
                    </span>
                    <Keys keys={[command.alsoKeys, command.keys].filter((keys) => keys !== undefined)} />
                  </li>
                ))}
            </ul>
          </section>
        ))}
        {notes.map((section) => (
          <Notes key={section.title} section={section} />
        ))}
      </div>
      <p className="muted help-note">
        More keys come with what is open: a request, a trace, a recording. Dimmed ones need a selection.
      </p>
    </Dialog>
  );
}

/** Of commands on the same keys the one that they run: the newest that is available. */
export function withKeys(commands: readonly Command[], available: (command: Command) => boolean): Command[] {
  return commands.filter((command) => {
    if (!command.keys) return false;
    const same = commands.filter(({ keys }) => keys === command.keys);
    return command === (same.findLast(available) ?? same.at(-1));
  });
}

function Notes({ section }: { section: KeyNotes }) {
  return (
    <section>
      <h3>{section.title}</h3>
      <ul>
        {section.keys.map(([keys, what]) => (
          <li key={keys}>
            <span>{what}</span>
            <Keys keys={keys.split(' ')} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Drawn as keys, and as words for those who hear them. */
function Keys({ keys }: { keys: readonly string[] }) {
  return (
    <span className="row">
      {keys.map((one) => (
        <KeyHint key={one} keys={one} />
      ))}
      <span className="visually-hidden">{keys.map((one) => keyLabels(one).join(' ')).join(' or ')}</span>
    </span>
  );
}

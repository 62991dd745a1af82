import { useAllCommands, useCommandRegistry } from '../commands/registry.ts';
import { Dialog } from '../ui/dialog.tsx';
import { KeyHint } from '../ui/key-hint.tsx';

const inLists: readonly (readonly [string, string])[] = [
  ['ArrowDown', 'Next row (also j)'],
  ['ArrowUp', 'Previous row (also k)'],
  ['Enter', 'Open'],
  ['Escape', 'Close what is open'],
];

export default function Help({ onClose }: { onClose: () => void }) {
  const registry = useCommandRegistry();
  const commands = useAllCommands().filter((command) => command.keys && (command.when?.(registry.context) ?? true));
  const groups = [...new Set(commands.map((command) => command.group))];
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
                  <li key={command.id}>
                    <span>{command.title}</span>
                    <span className="row">
                      {command.alsoKeys && <KeyHint keys={command.alsoKeys} />}
                      <KeyHint keys={command.keys ?? ''} />
                    </span>
                  </li>
                ))}
            </ul>
          </section>
        ))}
        <section>
          <h3>In lists</h3>
          <ul>
            {inLists.map(([keys, what]) => (
              <li key={keys}>
                <span>{what}</span>
                <KeyHint keys={keys} />
              </li>
            ))}
          </ul>
        </section>
      </div>
    </Dialog>
  );
}

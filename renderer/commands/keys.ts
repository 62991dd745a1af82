import { tinykeys } from 'tinykeys';
import type { Command } from './command.ts';
import type { CommandRegistry } from './registry.ts';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Binds the keys of every registered command to the window, and follows the registry. Returns the function that unbinds. */
export function bindKeys(registry: CommandRegistry, target: Window): () => void {
  let unbind = () => {};
  const bind = () => {
    unbind();
    const byKeys = new Map<string, Command[]>();
    for (const command of registry.all.get())
      for (const keys of [command.keys, command.alsoKeys]) if (keys) byKeys.set(keys, [...(byKeys.get(keys) ?? []), command]);
    const handlers = [...byKeys].map(
      ([keys, commands]) => [keys, (event: KeyboardEvent) => runFirst(registry, keys, commands, event)] as const,
    );
    unbind = tinykeys(target, Object.fromEntries(handlers), { ignore: () => false });
  };
  bind();
  const stop = registry.all.subscribe(bind);
  return () => {
    stop();
    unbind();
  };
}

/** The newest command wins: a screen's own comes after the app's. A modal dialog keeps its keys to itself. */
function runFirst(registry: CommandRegistry, keys: string, commands: readonly Command[], event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  // An editor in a shadow root is the target only from within.
  const typing = isTyping(event.composedPath()[0] ?? event.target);
  const inDialog = event.target instanceof HTMLElement && event.target.closest('[role="dialog"]') !== null;
  const command = commands.findLast(
    (candidate) =>
      (!(typing || inDialog) || (candidate.whileTyping && /^(\$mod|Escape)/.test(keys))) &&
      (candidate.when?.(registry.context) ?? true),
  );
  if (!command) return;
  event.preventDefault();
  registry.run(command);
}

import { createContext, useContext, useEffect, useRef } from 'react';
import { createStore, type Store } from '../engine/store.ts';
import { useStore } from '../engine/use-engine.ts';
import type { Command, CommandContext } from './command.ts';

/** The commands there are now: the app's own, plus those of the screen on show. */
export class CommandRegistry {
  readonly #all = createStore<readonly Command[]>([]);
  readonly context: CommandContext;

  constructor(context: CommandContext) {
    this.context = context;
  }

  get all(): Store<readonly Command[]> {
    return this.#all;
  }

  /** Returns the function that takes them out again. */
  add(commands: readonly Command[]): () => void {
    this.#all.set([...this.#all.get(), ...commands]);
    return () => this.#all.set(this.#all.get().filter((command) => !commands.includes(command)));
  }

  offered(): Command[] {
    return this.#all.get().filter((command) => command.when?.(this.context) ?? true);
  }

  run(command: Command): void {
    if (!(command.when?.(this.context) ?? true)) return;
    Promise.resolve()
      .then(() => command.run(this.context))
      .catch((error: unknown) => this.context.toasts.error(`${command.title} failed`, error));
  }
}

export const CommandsContext = createContext<CommandRegistry | null>(null);

export function useCommandRegistry(): CommandRegistry {
  const registry = useContext(CommandsContext);
  if (!registry) throw new Error('useCommandRegistry outside CommandsContext');
  return registry;
}

export function useAllCommands(): readonly Command[] {
  return useStore(useCommandRegistry().all);
}

/** Offers commands while the component is mounted; their `run` and `when` always see the latest render. */
export function useCommands(commands: readonly Command[]): void {
  const registry = useCommandRegistry();
  const latest = useRef(commands);
  latest.current = commands;
  const ids = commands.map((command) => `${command.id} ${command.title} ${command.keys ?? ''}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `ids` says when the set itself changes.
  useEffect(() => {
    const current = (id: string) => latest.current.find((command) => command.id === id);
    return registry.add(
      latest.current.map((command) => ({
        ...command,
        when: (context: CommandContext) => current(command.id)?.when?.(context) ?? true,
        run: (context: CommandContext) => current(command.id)?.run(context),
      })),
    );
  }, [registry, ids]);
}

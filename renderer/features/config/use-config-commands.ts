import { Check, FileDown, GitCompareArrows, Plus, RotateCcw } from 'lucide-react';
import type { Command } from '../../commands/command.ts';
import { useCommands } from '../../commands/registry.ts';

export interface ConfigActions {
  canApply: boolean;
  changed: boolean;
  apply: Command['run'];
  diff: () => void;
  exportIt: () => void;
  revert: () => void;
  create: () => void;
}

export type ConfigCommands = Record<'apply' | 'diff' | 'exportIt' | 'revert' | 'create', Command>;

/** The screen's actions: its buttons, its keys and the palette run the same ones. */
export function useConfigCommands(actions: ConfigActions): ConfigCommands {
  const group = 'This screen';
  const commands: ConfigCommands = {
    apply: {
      ...{ id: 'config.apply', title: 'Apply this text', group, icon: Check, keys: '$mod+Enter', whileTyping: true },
      when: () => actions.canApply,
      run: actions.apply,
    },
    diff: {
      ...{ id: 'config.diff', title: 'Compare with what runs', group, icon: GitCompareArrows, keys: 'd' },
      run: actions.diff,
    },
    exportIt: {
      ...{ id: 'config.export', title: 'Export for a real mesh', group, icon: FileDown, keys: 'x' },
      run: actions.exportIt,
    },
    revert: {
      ...{ id: 'config.revert', title: 'Throw the changes away', group, icon: RotateCcw },
      when: () => actions.changed,
      run: actions.revert,
    },
    create: { ...{ id: 'config.new', title: 'New document', group, icon: Plus, keys: 'n' }, run: actions.create },
  };
  useCommands(Object.values(commands));
  return commands;
}

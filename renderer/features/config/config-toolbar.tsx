import { FileDown, GitCompareArrows, RotateCcw } from 'lucide-react';
import { useCommandRegistry } from '../../commands/registry.ts';
import { Button, Toolbar } from '../../ui/index.ts';
import type { ConfigCommands } from './use-config-commands.ts';

export interface ConfigToolbarProps {
  commands: ConfigCommands;
  changed: boolean;
  applying: boolean;
  /** Errors, or nothing to apply. */
  blocked: boolean;
}

export function ConfigToolbar({ commands, changed, applying, blocked }: ConfigToolbarProps) {
  const registry = useCommandRegistry();
  return (
    <Toolbar title="Config">
      <span className="grow" />
      <Button
        icon={<GitCompareArrows size={14} />}
        keys="d"
        data-testid="config-diff"
        onClick={() => registry.run(commands.diff)}
      >
        Diff running
      </Button>
      <Button icon={<FileDown size={14} />} keys="x" data-testid="config-export" onClick={() => registry.run(commands.exportIt)}>
        Export Istio
      </Button>
      <Button icon={<RotateCcw size={14} />} disabled={!changed} onClick={() => registry.run(commands.revert)}>
        Revert
      </Button>
      <Button
        variant="primary"
        keys="$mod+Enter"
        data-testid="config-apply"
        disabled={applying || blocked}
        onClick={() => registry.run(commands.apply)}
      >
        {applying ? 'Applying…' : 'Apply'}
      </Button>
    </Toolbar>
  );
}

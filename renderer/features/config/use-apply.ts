import { useState } from 'react';
import type { ApplyResult } from '../../../proxy/api/diagnostic.schema.ts';
import { useRouter } from '../../app/router.ts';
import type { CommandContext } from '../../commands/command.ts';
import { EngineError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { liveFile, newFile } from './file-names.ts';
import type { OpenText } from './use-open-text.ts';

export interface Apply {
  applying: boolean;
  /** What the last apply of this file did, and to which text. */
  outcome: { text: string; result: ApplyResult } | null;
  run: (context: CommandContext) => Promise<void>;
}

/** Applies the text of a file. A refused one stays in the editor, and what ran before still runs. */
export function useApply(path: string, open: OpenText, onApplied: () => void): Apply {
  const engine = useEngine();
  const router = useRouter();
  const [applying, setApplying] = useState(false);
  const [outcome, setOutcome] = useState<Apply['outcome']>(null);
  const run = async ({ toasts }: CommandContext) => {
    const { text } = open;
    setApplying(true);
    try {
      const result = await engine.call('apply', { body: { yaml: text, file: path } });
      setOutcome({ text, result });
      open.settle();
      if (path === newFile) {
        toasts.ok('Applied live', result.applied.map(({ kind, name, status }) => `${kind} ${name} ${status}`).join(', '));
        router.setQuery({ file: liveFile });
      }
      onApplied();
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'rejected')) throw error;
      setOutcome({ text, result: { applied: [], diagnostics: diagnosticsOf(error) } });
    } finally {
      setApplying(false);
    }
  };
  return { applying, outcome, run };
}

import { useMemo, useState } from 'react';
import { type ConfigFile, textOf } from './config-files.ts';
import { baseOf, keepBase, useDraft } from './use-draft.ts';

export interface OpenText {
  /** What the editor shows. */
  text: string;
  /** What runs of this file. */
  running: string;
  /** Nothing was written yet. */
  untouched: boolean;
  changed: boolean;
  /** What runs has changed since the edit began: on disk, or by somebody else. */
  movedOn: boolean;
  /** `null` throws the edit away. */
  edit: (text: string | null) => void;
  /** Goes on with the edit, knowing what runs now. */
  keepMine: () => void;
  /** The text was applied as it is. */
  settle: () => void;
}

/** The text of a file while it is edited: the draft, or what runs. */
export function useOpenText(file: ConfigFile): OpenText {
  const running = useMemo(() => textOf(file.resources), [file.resources]);
  const [draft, keepDraft] = useDraft(file.path);
  /** What was just applied stays in the editor until the engine's own list has it. */
  const [settled, setSettled] = useState<{ running: string; text: string } | null>(null);
  const text = draft ?? (settled?.running === running ? settled.text : running);
  const changed = draft !== null && draft !== running;
  const base = baseOf(file.path);
  const edit = (next: string | null) => {
    if (next === null || draft === null) keepBase(file.path, next === null ? null : running);
    keepDraft(next);
  };
  return {
    text,
    running,
    untouched: draft === null,
    changed,
    movedOn: changed && base !== null && base !== running,
    edit,
    keepMine: () => {
      keepBase(file.path, running);
      keepDraft(draft);
    },
    settle: () => {
      setSettled({ running, text });
      edit(null);
    },
  };
}

import { useCallback, useState } from 'react';

const prefix = 'drydock.config.draft:';
const basePrefix = 'drydock.config.base:';

/**
 * The text being edited for a file: it outlives the screen, a reload and a refused apply, and ends when it runs or is thrown away.
 * `null`: nothing was changed, the running text is shown.
 */
export function useDraft(file: string): [string | null, (text: string | null) => void] {
  const key = prefix + file;
  const [held, setHeld] = useState<{ key: string; text: string | null }>(() => ({ key, text: read(key) }));
  const current = held.key === key ? held.text : read(key);
  const set = useCallback(
    (text: string | null) => {
      if (text === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, text);
      setHeld({ key, text });
    },
    [key],
  );
  return [current, set];
}

const read = (key: string): string | null => sessionStorage.getItem(key);

export const hasDraft = (file: string): boolean => sessionStorage.getItem(prefix + file) !== null;

/** Puts a text into the editor of a file, to be opened there next. */
export const keepDraft = (file: string, text: string): void => sessionStorage.setItem(prefix + file, text);

/** The running text that an edit began from; null: it is not known, or nothing is edited. */
export const baseOf = (file: string): string | null => (hasDraft(file) ? sessionStorage.getItem(basePrefix + file) : null);

/** Remembers what ran when an edit begins, or what was seen since; null: nothing is edited any more. */
export function keepBase(file: string, running: string | null): void {
  if (running === null) sessionStorage.removeItem(basePrefix + file);
  else sessionStorage.setItem(basePrefix + file, running);
}

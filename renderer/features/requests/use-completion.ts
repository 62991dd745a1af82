import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { completeFilter, type SeenValues, type Suggestion, withoutUnfinished } from './filter-complete.ts';

export interface Completion {
  draft: string;
  suggestions: readonly Suggestion[];
  /** The one the arrows have come to; -1 for none. */
  active: number;
  change: (value: string, at: number) => void;
  suggest: (value: string, at: number) => void;
  take: (suggestion: Suggestion) => void;
  close: () => void;
  onKeyDown: (event: KeyboardEvent<HTMLInputElement>) => void;
}

/** What is being typed into a filter and what could follow. `seen` is asked when the suggestions open, not on every keystroke of the mesh. */
export function useCompletion(
  text: string,
  onChange: (text: string) => void,
  seen: () => SeenValues,
  input: RefObject<HTMLInputElement | null>,
): Completion {
  const caret = useRef<number | null>(null);
  const [draft, setDraft] = useState(text);
  const [suggestions, setSuggestions] = useState<readonly Suggestion[]>([]);
  const [active, setActive] = useState(-1);
  // What was handed on, which may lack the word that is being typed.
  const handed = useRef(text);
  useEffect(() => {
    if (text !== handed.current) setDraft(text);
    handed.current = text;
  }, [text]);
  const handOn = (value: string) => {
    if (value === handed.current) return;
    handed.current = value;
    onChange(value);
  };
  useEffect(() => {
    if (caret.current === null) return;
    input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });

  const show = (next: readonly Suggestion[]) => {
    setSuggestions(next);
    setActive(-1);
  };
  const suggest = (value: string, at: number) => show(completeFilter(value, at, seen()));
  const change = (value: string, at: number) => {
    setDraft(value);
    handOn(withoutUnfinished(value, at));
    suggest(value, at);
  };
  const take = (suggestion: Suggestion) => {
    caret.current = suggestion.caret;
    input.current?.focus();
    change(suggestion.text, suggestion.caret);
  };
  const close = () => {
    handOn(draft);
    show([]);
  };
  const step = (by: 1 | -1) => {
    const { length } = suggestions;
    setActive((at) => (at < 0 && by < 0 ? length - 1 : (at + by + length) % length));
  };
  /** Tab takes what is being typed further; in an empty place it goes on to the next field. */
  const takeByTab = (event: KeyboardEvent<HTMLInputElement>) => {
    const before = draft.slice(0, event.currentTarget.selectionStart ?? 0);
    const first = suggestions[active] ?? (/(^|\s)$/.test(before) ? undefined : suggestions[0]);
    if (!first) return close();
    event.preventDefault();
    take(first);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const open = suggestions.length > 0;
    const chosen = suggestions[active];
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && open) {
      event.preventDefault();
      step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'ArrowDown') suggest(draft, event.currentTarget.selectionStart ?? draft.length);
    else if (event.key === 'Enter') chosen ? take(chosen) : close();
    else if (event.key === 'Tab' && open && !event.shiftKey && draft.trim() !== '') takeByTab(event);
    else if (event.key === 'Escape') {
      event.stopPropagation();
      if (open) close();
      else event.currentTarget.blur();
    }
  };
  return { draft, suggestions, active, change, suggest, take, close, onKeyDown };
}

import { ListFilter, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { Filter } from '../../../proxy/api/filter/request-filter.ts';
import { IconButton } from '../../ui/index.ts';
import { completeFilter, type SeenValues, type Suggestion } from './filter-complete.ts';

export interface FilterBarProps {
  text: string;
  filter: Filter;
  onChange: (text: string) => void;
  /** Asked when the suggestions open, not on every keystroke of the mesh. */
  seen: () => SeenValues;
  /** On other screens than the requests. */
  label?: string;
  placeholder?: string;
  testId?: string;
}

/** The filter with completion: ↑ ↓ choose, Tab or Enter take, Esc closes the suggestions, then leaves the field. */
export function FilterBar({ text, filter, onChange, seen, label, placeholder, testId }: FilterBarProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const caret = useRef<number | null>(null);
  const [draft, setDraft] = useState(text);
  const [suggestions, setSuggestions] = useState<readonly Suggestion[]>([]);
  const [active, setActive] = useState(-1);

  useEffect(() => setDraft(text), [text]);
  useEffect(() => {
    if (caret.current === null) return;
    input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });

  const suggest = (value: string, at: number) => {
    setSuggestions(completeFilter(value, at, seen()));
    setActive(-1);
  };
  const change = (value: string, at: number) => {
    setDraft(value);
    onChange(value);
    suggest(value, at);
  };
  const take = (suggestion: Suggestion) => {
    caret.current = suggestion.caret;
    input.current?.focus();
    change(suggestion.text, suggestion.caret);
  };
  const close = () => {
    setSuggestions([]);
    setActive(-1);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const open = suggestions.length > 0;
    const chosen = suggestions[active];
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && open) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((at) => (at < 0 && step < 0 ? suggestions.length - 1 : (at + step + suggestions.length) % suggestions.length));
    } else if (event.key === 'ArrowDown') {
      suggest(draft, event.currentTarget.selectionStart ?? draft.length);
    } else if (event.key === 'Enter') {
      if (chosen) take(chosen);
      else close();
    } else if (event.key === 'Tab' && open && !event.shiftKey && draft.trim() !== '') {
      const first = chosen ?? suggestions[0];
      const typing = !/(^|\s)$/.test(draft.slice(0, event.currentTarget.selectionStart ?? 0));
      if (!first || !(chosen || typing)) return close();
      event.preventDefault();
      take(first);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (open) close();
      else event.currentTarget.blur();
    }
  };

  return (
    <search className="requests-filter">
      <ListFilter size={14} aria-hidden="true" />
      <input
        ref={input}
        data-filter=""
        data-testid={testId ?? 'requests-filter'}
        type="text"
        role="combobox"
        aria-label={label ?? 'Filter requests'}
        aria-expanded={suggestions.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        aria-invalid={(filter.problems.length > 0 && suggestions.length === 0) || undefined}
        placeholder={placeholder ?? 'status>=500 dest:ratings -method:GET text'}
        spellCheck={false}
        autoComplete="off"
        value={draft}
        onChange={(event) =>
          change(event.currentTarget.value, event.currentTarget.selectionStart ?? event.currentTarget.value.length)
        }
        onFocus={(event) => suggest(draft, event.currentTarget.value.length)}
        onBlur={close}
        onKeyDown={onKeyDown}
      />
      {draft === '' ? (
        <span className="requests-slash" aria-hidden="true">
          /
        </span>
      ) : (
        <IconButton label="Clear the filter" size="small" icon={<X size={13} />} onClick={() => change('', 0)} />
      )}
      <div
        id={`${id}-list`}
        className="dd-popup requests-suggestions"
        role="listbox"
        aria-label="Completions"
        hidden={suggestions.length === 0}
      >
        {suggestions.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input takes the keys.
          // biome-ignore lint/a11y/useFocusableInteractive: as above.
          <div
            key={suggestion.label}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <span className="mono">{suggestion.label}</span>
            <span className="muted truncate">{suggestion.detail}</span>
          </div>
        ))}
      </div>
    </search>
  );
}

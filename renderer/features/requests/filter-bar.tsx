import { ListFilter, X } from 'lucide-react';
import { useId, useRef } from 'react';
import type { Filter } from '../../../proxy/api/filter/request-filter.ts';
import { IconButton } from '../../ui/index.ts';
import type { SeenValues } from './filter-complete.ts';
import { type Completion, useCompletion } from './use-completion.ts';

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
  const completion = useCompletion(text, onChange, seen, input);
  const { draft, active, change } = completion;
  const open = completion.suggestions.length > 0;
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
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        aria-invalid={(filter.problems.length > 0 && !open) || undefined}
        placeholder={placeholder ?? 'status>=500 dest:ratings -method:GET text'}
        spellCheck={false}
        autoComplete="off"
        value={draft}
        onChange={(event) =>
          change(event.currentTarget.value, event.currentTarget.selectionStart ?? event.currentTarget.value.length)
        }
        onFocus={(event) => completion.suggest(draft, event.currentTarget.value.length)}
        onBlur={completion.close}
        onKeyDown={completion.onKeyDown}
      />
      {draft === '' ? (
        <span className="requests-slash" aria-hidden="true">
          /
        </span>
      ) : (
        <IconButton label="Clear the filter" size="small" icon={<X size={13} />} onClick={() => change('', 0)} />
      )}
      <Suggestions id={id} completion={completion} />
    </search>
  );
}

function Suggestions({ id, completion: { suggestions, active, take } }: { id: string; completion: Completion }) {
  return (
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
  );
}

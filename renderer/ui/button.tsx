import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import './button.css';
import { KeyHint } from './key-hint.tsx';
import { Tip } from './tooltip.tsx';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: 'default' | 'primary' | 'danger' | 'ghost';
  size?: 'medium' | 'small';
  icon?: ReactNode;
  /** Shown after the label, e.g. `$mod+Enter`. */
  keys?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ variant = 'default', size = 'medium', icon, keys, children, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`dd-button ${rest.className ?? ''}`} data-variant={variant} data-size={size}>
      {icon}
      {children}
      {keys && <KeyHint keys={keys} />}
    </button>
  );
}

/** An icon alone: `label` is its accessible name and its tooltip. */
export function IconButton({ label, keys, icon, variant = 'ghost', size = 'medium', ...rest }: ButtonProps & { label: string }) {
  return (
    <Tip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={`dd-button ${rest.className ?? ''}`}
        data-variant={variant}
        data-size={size}
        data-icon-only=""
      >
        {icon}
      </button>
    </Tip>
  );
}

export interface SegmentsProps<T extends string> {
  /** Accessible name of the group. */
  label: string;
  value: T;
  options: readonly { value: T; label: string; title?: string }[];
  onChange: (value: T) => void;
}

/** One of few, all visible: a time window, a theme, a view. Arrow keys move the choice. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  const move = (from: number, by: number, group: HTMLElement | null) => {
    const to = (from + by + options.length) % options.length;
    const option = options[to];
    if (!option) return;
    onChange(option.value);
    group?.querySelectorAll('button')[to]?.focus();
  };
  return (
    <div className="dd-segments" role="radiogroup" aria-label={label}>
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio input cannot be a segment; role and keys are complete here.
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          title={option.title}
          onClick={() => onChange(option.value)}
          onKeyDown={(event) => {
            const by =
              event.key === 'ArrowRight' || event.key === 'ArrowDown'
                ? 1
                : event.key === 'ArrowLeft' || event.key === 'ArrowUp'
                  ? -1
                  : 0;
            if (by === 0) return;
            event.preventDefault();
            move(index, by, event.currentTarget.parentElement);
          }}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

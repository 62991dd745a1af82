import { NumberField as BaseNumber } from '@base-ui/react/number-field';
import { Select as BaseSelect } from '@base-ui/react/select';
import { Switch as BaseSwitch } from '@base-ui/react/switch';
import { Check, ChevronDown, Minus, Plus } from 'lucide-react';
import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from 'react';
import './field.css';
import './popup.css';

export interface FieldProps {
  label: string;
  hint?: ReactNode;
  /** In words; shown with a glyph, tied to the control. */
  error?: string;
  /** Gets the ids to tie the control to label and hint. */
  children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ReactNode;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const note = error || hint ? `${id}-note` : undefined;
  return (
    <div className="dd-field">
      <label className="dd-field-label" htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': note, 'aria-invalid': error ? true : undefined })}
      {error ? (
        <div id={note} className="dd-field-error" role="alert">
          <span aria-hidden="true">✖</span> {error}
        </div>
      ) : (
        hint && (
          <div id={note} className="dd-field-hint">
            {hint}
          </div>
        )
      )}
    </div>
  );
}

export function Input({ ref, className, ...rest }: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return (
    <input ref={ref} type="text" spellCheck={false} autoComplete="off" {...rest} className={`dd-input ${className ?? ''}`} />
  );
}

export interface SelectProps<T extends string> {
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  /** Accessible name when no Field labels it. */
  label?: string;
  id?: string;
  disabled?: boolean;
}

export function Select<T extends string>({ value, options, onChange, label, id, disabled }: SelectProps<T>) {
  return (
    <BaseSelect.Root
      items={options}
      value={value}
      onValueChange={(next) => next !== null && onChange(next as T)}
      disabled={disabled}
    >
      <BaseSelect.Trigger id={id} className="dd-select" aria-label={label}>
        <BaseSelect.Value />
        <BaseSelect.Icon>
          <ChevronDown size={14} />
        </BaseSelect.Icon>
      </BaseSelect.Trigger>
      <BaseSelect.Portal>
        <BaseSelect.Positioner className="dd-positioner" sideOffset={4} align="start" alignItemWithTrigger={false}>
          <BaseSelect.Popup className="dd-popup dd-menu dd-select-popup">
            {options.map((option) => (
              <BaseSelect.Item key={option.value} value={option.value} className="dd-menu-item">
                <BaseSelect.ItemText>{option.label}</BaseSelect.ItemText>
                <BaseSelect.ItemIndicator>
                  <Check size={13} />
                </BaseSelect.ItemIndicator>
              </BaseSelect.Item>
            ))}
          </BaseSelect.Popup>
        </BaseSelect.Positioner>
      </BaseSelect.Portal>
    </BaseSelect.Root>
  );
}

export interface NumberFieldProps {
  value: number | null;
  onChange: (value: number | null) => void;
  min?: number;
  max?: number;
  step?: number;
  unit?: string;
  label?: string;
  id?: string;
}

/** A number to type or to step with the buttons and arrow keys. */
export function NumberField({ value, onChange, min, max, step = 1, unit, label, id }: NumberFieldProps) {
  return (
    <BaseNumber.Root id={id} value={value} onValueChange={onChange} min={min} max={max} step={step}>
      <BaseNumber.Group className="dd-number">
        <BaseNumber.Input aria-label={label} />
        {unit && <span className="dd-number-unit">{unit}</span>}
        <BaseNumber.Decrement aria-label="Less">
          <Minus size={12} />
        </BaseNumber.Decrement>
        <BaseNumber.Increment aria-label="More">
          <Plus size={12} />
        </BaseNumber.Increment>
      </BaseNumber.Group>
    </BaseNumber.Root>
  );
}

export function Switch({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <div className="dd-switch-row">
      <BaseSwitch.Root className="dd-switch" checked={checked} onCheckedChange={onChange} aria-labelledby={id}>
        <BaseSwitch.Thumb />
      </BaseSwitch.Root>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the switch itself takes the keys; the words are a larger target. */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as above. */}
      <span id={id} onClick={() => onChange(!checked)}>
        {children}
      </span>
    </div>
  );
}

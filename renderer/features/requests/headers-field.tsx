import { Field } from '../../ui/index.ts';

/** Headers to type, one a line; `error` is what `parseHeaders` says of them. */
export function HeadersField({
  value,
  error,
  rows,
  onChange,
}: {
  value: string;
  error?: string;
  rows: number;
  onChange: (value: string) => void;
}) {
  return (
    <Field label="Headers" hint="One a line, as name: value." error={error}>
      {(ids) => (
        <textarea
          {...ids}
          className="dd-input mono"
          rows={rows}
          spellCheck={false}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';
import { Field, Input, NumberField, Select } from '../../ui/index.ts';
import type { FaultForm } from './fault-form.ts';
import { FaultPart } from './fault-part.tsx';

interface PartProps {
  form: FaultForm;
  change: (part: Partial<FaultForm>) => void;
}

type TextName = 'method' | 'path' | 'header' | 'query' | 'after' | 'lasts' | 'every' | 'name';

function TextField({
  form,
  change,
  name,
  label,
  placeholder,
  hint,
}: PartProps & { name: TextName; label: string; placeholder: string; hint?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(ids) => (
        <Input
          {...ids}
          value={form[name]}
          placeholder={placeholder}
          onChange={(event) => change({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
}

const pathKinds: readonly { value: FaultForm['pathIs']; label: string }[] = [
  { value: 'prefix', label: 'begins with' },
  { value: 'exact', label: 'is' },
  { value: 'regex', label: 'matches (RE2)' },
];

/** Which requests: the common conditions of a VirtualService's match; the rest is kept as the YAML says it. */
export function WhichFields(props: PartProps) {
  const { form, change } = props;
  const others = (form.original?.spec.match?.length ?? 0) - 1;
  return (
    <FaultPart legend="Only requests with">
      <TextField {...props} name="method" label="Method" placeholder="any" />
      <Field label="Path">
        {({ id }) => <Select id={id} value={form.pathIs} options={pathKinds} onChange={(pathIs) => change({ pathIs })} />}
      </Field>
      <TextField {...props} name="path" label="Path’s text" placeholder="/" />
      <TextField
        {...props}
        name="header"
        label="Header"
        placeholder="x-qa: 1"
        hint="abc* begins with, ~abc is RE2; several by ;"
      />
      <TextField {...props} name="query" label="Query" placeholder="user=7" />
      {others > 0 && <p className="soft fault-wide">Or one of {others} more matches, which the YAML holds.</p>}
    </FaultPart>
  );
}

/** How many, which draw, on what timetable. */
export function WhenFields(props: PartProps) {
  const { form, change } = props;
  return (
    <>
      <FaultPart legend="Count and chance">
        <Field label="Let pass first">
          {({ id }) => <NumberField id={id} value={form.skip} min={0} onChange={(value) => change({ skip: value ?? 0 })} />}
        </Field>
        <Field label="Then only this many">
          {({ id }) => <NumberField id={id} value={form.first} min={0} onChange={(first) => change({ first })} />}
        </Field>
        <Field label="One draw decides for a">
          {({ id }) => <Select id={id} value={form.per} options={perOptions} onChange={(per) => change({ per })} />}
        </Field>
        <Field label="Seed" hint="equal seed and requests, equal faults">
          {({ id }) => <NumberField id={id} value={form.seed} onChange={(seed) => change({ seed })} />}
        </Field>
      </FaultPart>
      <FaultPart legend="Timetable">
        <TextField {...props} name="after" label="Begins after" placeholder="at once" />
        <TextField {...props} name="lasts" label="Acts for" placeholder="all the time" />
        <TextField {...props} name="every" label="Again every" placeholder="once" />
        {form.original === null && <TextField {...props} name="name" label="Name of the fault" placeholder="made up" />}
      </FaultPart>
    </>
  );
}

const perOptions = (['request', 'connection', 'trace', 'client'] as const).map((value: FaultSpec['per']) => ({
  value,
  label: value,
}));

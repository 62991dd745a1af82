import { useStatus } from '../../engine/use-engine.ts';
import { Field, Input, NumberField, Select } from '../../ui/index.ts';
import type { FaultForm } from './fault-form.ts';

interface FieldProps {
  form: FaultForm;
  change: (part: Partial<FaultForm>) => void;
}

/** Whose calls, of which instance, how many of them, and until when. */
export function TargetFields({ form, change }: FieldProps) {
  const status = useStatus();
  const services = (status?.services ?? []).map(({ name }) => name).sort();
  return (
    <div className="fault-grid">
      <Field label="Calls to">
        {({ id }) => (
          <Select
            id={id}
            value={form.to}
            options={[{ value: '', label: 'Choose a service' }, ...named(services, form.to)]}
            onChange={(to) => change({ to, version: '', workload: '', port: null })}
          />
        )}
      </Field>
      <WhichField form={form} change={change} />
      <PortField form={form} change={change} />
      <Field label="From">
        {({ id }) => (
          <Select
            id={id}
            value={form.from}
            options={[{ value: '', label: 'Anyone' }, ...named([...services, 'ingress'], form.from)]}
            onChange={(from) => change({ from })}
          />
        )}
      </Field>
      <Field label="How many, %">
        {({ id }) => (
          <NumberField
            id={id}
            value={form.percentage}
            min={0}
            max={100}
            onChange={(value) => change({ percentage: value ?? 100 })}
          />
        )}
      </Field>
      <Field label="Ends after">
        {(ids) => (
          <Input
            {...ids}
            value={form.expires}
            placeholder="when it is removed"
            onChange={(event) => change({ expires: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}

/** `version v1` and `only ratings-v1-0` are one question to whoever asks: which of them. */
function WhichField({ form, change }: FieldProps) {
  const instances = (useStatus()?.workloads ?? []).filter(({ service }) => service === form.to);
  const versions = new Set(instances.map(({ version }) => version).filter((version) => version !== ''));
  const which = form.workload !== '' ? `w:${form.workload}` : form.version !== '' ? `v:${form.version}` : '';
  const known = [...[...versions].sort().map((v) => `v:${v}`), ...instances.map(({ id }) => `w:${id}`)];
  return (
    <Field label="Version or instance">
      {({ id }) => (
        <Select
          id={id}
          value={which}
          options={[
            { value: '', label: 'Any' },
            ...named(known, which).map(({ value }) => ({
              value,
              label: value.startsWith('v:') ? `version ${value.slice(2)}` : value.slice(2),
            })),
          ]}
          onChange={(value) =>
            change({
              version: value.startsWith('v:') ? value.slice(2) : '',
              workload: value.startsWith('w:') ? value.slice(2) : '',
            })
          }
        />
      )}
    </Field>
  );
}

/** Only where there are several to choose from. */
function PortField({ form, change }: FieldProps) {
  const ports = useStatus()?.services.find(({ name }) => name === form.to)?.ports ?? [];
  if (ports.length < 2 && form.port === null) return null;
  const numbers = ports.map(({ port }) => String(port));
  return (
    <Field label="Port">
      {({ id }) => (
        <Select
          id={id}
          value={String(form.port ?? '')}
          options={[{ value: '', label: 'Any' }, ...named(numbers, String(form.port ?? ''))]}
          onChange={(port) => change({ port: port === '' ? null : Number(port) })}
        />
      )}
    </Field>
  );
}

/** Options of these, and the chosen one even where it is gone. */
function named(values: readonly string[], chosen: string): { value: string; label: string }[] {
  return [...new Set([...values, ...(chosen === '' ? [] : [chosen])])].map((value) => ({ value, label: value }));
}

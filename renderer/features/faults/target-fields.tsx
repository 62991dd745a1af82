import { useStatus } from '../../engine/use-engine.ts';
import { Field, Input, NumberField, Select } from '../../ui/index.ts';
import type { FaultForm } from './fault-form.ts';

/** Whose calls, of which instance, how many of them, and until when. */
export function TargetFields({ form, change }: { form: FaultForm; change: (part: Partial<FaultForm>) => void }) {
  const status = useStatus();
  const services = (status?.services ?? []).map(({ name }) => name).sort();
  const instances = (status?.workloads ?? []).filter(({ service }) => service === form.to);
  const versions = new Set(instances.map(({ version }) => version).filter((version) => version !== ''));
  const ports = status?.services.find(({ name }) => name === form.to)?.ports ?? [];
  // `version v1` and `only ratings-v1-0` are one question to whoever asks: which of them.
  const which = form.workload !== '' ? `w:${form.workload}` : form.version !== '' ? `v:${form.version}` : '';
  const known = [...[...versions].sort().map((v) => `v:${v}`), ...instances.map(({ id }) => `w:${id}`)];
  const setWhich = (value: string) =>
    change({
      version: value.startsWith('v:') ? value.slice(2) : '',
      workload: value.startsWith('w:') ? value.slice(2) : '',
    });
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
            onChange={setWhich}
          />
        )}
      </Field>
      {(ports.length > 1 || form.port !== null) && (
        <Field label="Port">
          {({ id }) => (
            <Select
              id={id}
              value={String(form.port ?? '')}
              options={[
                { value: '', label: 'Any' },
                ...named(
                  ports.map(({ port }) => String(port)),
                  String(form.port ?? ''),
                ),
              ]}
              onChange={(port) => change({ port: port === '' ? null : Number(port) })}
            />
          )}
        </Field>
      )}
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

/** Options of these, and the chosen one even where it is gone. */
function named(values: readonly string[], chosen: string): { value: string; label: string }[] {
  return [...new Set([...values, ...(chosen === '' ? [] : [chosen])])].map((value) => ({ value, label: value }));
}

import { Field, Input, NumberField, Select } from '../../ui/index.ts';
import type { FaultForm } from './fault-form.ts';
import { ToxicList } from './toxic-fields.tsx';

const effects: readonly { value: FaultForm['effect']; label: string }[] = [
  { value: 'delay', label: 'Delay' },
  { value: 'error', label: 'Answer an HTTP status' },
  { value: 'grpc', label: 'Answer a gRPC status' },
  { value: 'reset', label: 'Reset the connection' },
  { value: 'hang', label: 'Never answer' },
  { value: 'throttle', label: 'Slow the response body' },
  { value: 'truncate', label: 'Cut the response body' },
  { value: 'toxics', label: 'Disturb the bytes (toxics)' },
];
const grpcStatuses = [
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'INTERNAL',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'UNKNOWN',
];

/** What the fault does, with the fields that this effect has. */
export function EffectFields({ form, change }: { form: FaultForm; change: (part: Partial<FaultForm>) => void }) {
  return (
    <>
      <div className="fault-grid">
        <Field label="Effect">
          {({ id }) => <Select id={id} value={form.effect} options={effects} onChange={(effect) => change({ effect })} />}
        </Field>
        {form.effect === 'delay' && (
          <>
            <Field label="By">
              {(ids) => (
                <Input
                  {...ids}
                  value={form.delay}
                  data-testid="fault-delay"
                  onChange={(e) => change({ delay: e.target.value })}
                />
              )}
            </Field>
            <Field label="Give or take" hint="Standard deviation; empty = always the same">
              {(ids) => (
                <Input {...ids} value={form.jitter} placeholder="100ms" onChange={(e) => change({ jitter: e.target.value })} />
              )}
            </Field>
          </>
        )}
        {form.effect === 'error' && (
          <Field label="Status">
            {({ id }) => (
              <NumberField
                id={id}
                value={form.status}
                min={200}
                max={599}
                onChange={(value) => change({ status: value ?? 503 })}
              />
            )}
          </Field>
        )}
        {form.effect === 'grpc' && (
          <Field label="Status">
            {({ id }) => (
              <Select
                id={id}
                value={form.grpcStatus}
                options={grpcStatuses.map((s) => ({ value: s, label: s }))}
                onChange={(grpcStatus) => change({ grpcStatus })}
              />
            )}
          </Field>
        )}
        {(form.effect === 'throttle' || form.effect === 'truncate') && (
          <Field label={form.effect === 'throttle' ? 'Bytes per second' : 'After bytes'}>
            {(ids) => <Input {...ids} value={form.bytes} onChange={(e) => change({ bytes: e.target.value })} />}
          </Field>
        )}
      </div>
      {form.effect === 'toxics' && <ToxicList toxics={form.toxics} onChange={(toxics) => change({ toxics })} />}
    </>
  );
}

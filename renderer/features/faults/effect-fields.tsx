import { Field, Input, NumberField, Segments, Select } from '../../ui/index.ts';
import { type DelayKind, delayValues, type FaultForm } from './fault-form.ts';
import { FaultPart } from './fault-part.tsx';
import { ToxicList } from './toxic-fields.tsx';

interface PartProps {
  form: FaultForm;
  change: (part: Partial<FaultForm>) => void;
}

const delayKinds: readonly { value: DelayKind; label: string }[] = [
  { value: 'none', label: 'None' },
  { value: 'fixed', label: 'Always the same' },
  { value: 'uniform', label: 'Between two lengths' },
  { value: 'normal', label: 'Around a mean' },
  { value: 'pareto', label: 'With a long tail' },
];
const delayLabels: Record<DelayKind, readonly [a: string, b: string]> = {
  none: ['', ''],
  fixed: ['By', ''],
  uniform: ['From', 'To'],
  normal: ['Mean', 'Give or take'],
  pareto: ['At least', ''],
};
const answers: readonly { value: FaultForm['answer']; label: string }[] = [
  { value: 'usual', label: 'The real answer' },
  { value: 'status', label: 'An HTTP status' },
  { value: 'grpc', label: 'A gRPC status' },
  { value: 'reset', label: 'Connection reset' },
  { value: 'hang', label: 'Never' },
];
const grpcStatuses = [
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'INTERNAL',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'INVALID_ARGUMENT',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'ABORTED',
  'DATA_LOSS',
  'CANCELLED',
  'UNKNOWN',
];

/** What the fault does: to requests and their answers, one after the other, or to the bytes of connections. */
export function EffectFields({ form, change }: PartProps) {
  return (
    <>
      <div>
        <Segments
          label="What it disturbs"
          value={form.effect}
          options={[
            { value: 'requests', label: 'Requests and answers' },
            { value: 'toxics', label: 'Bytes of connections (toxics)' },
          ]}
          onChange={(effect) => change({ effect })}
        />
      </div>
      {form.effect === 'toxics' ? (
        <ToxicList toxics={form.toxics} onChange={(toxics) => change({ toxics })} />
      ) : (
        <div className="fault-effects">
          <DelayFields form={form} change={change} />
          <AnswerFields form={form} change={change} />
          <BodyFields form={form} change={change} />
        </div>
      )}
    </>
  );
}

function DelayFields({ form: { delay }, change }: PartProps) {
  const [labelOfA, labelOfB] = delayLabels[delay.kind];
  const set = (part: Partial<FaultForm['delay']>) => change({ delay: { ...delay, ...part } });
  return (
    <FaultPart legend="First, a delay">
      <Field label="Delay">
        {({ id }) => (
          <Select
            id={id}
            value={delay.kind}
            options={delayKinds}
            onChange={(kind) => set(kind === delay.kind ? {} : { kind, ...delayValues[kind] })}
          />
        )}
      </Field>
      {labelOfA !== '' && (
        <Field label={labelOfA}>
          {(ids) => (
            <Input {...ids} value={delay.a} data-testid="fault-delay" onChange={(event) => set({ a: event.target.value })} />
          )}
        </Field>
      )}
      {labelOfB !== '' && (
        <Field label={labelOfB} hint={delay.kind === 'normal' ? 'standard deviation' : undefined}>
          {(ids) => <Input {...ids} value={delay.b} onChange={(event) => set({ b: event.target.value })} />}
        </Field>
      )}
      {delay.kind === 'pareto' && (
        <Field label="Shape" hint="smaller = longer tail">
          {({ id }) => (
            <NumberField id={id} value={delay.shape} min={0.1} step={0.1} onChange={(shape) => set({ shape: shape ?? 1.5 })} />
          )}
        </Field>
      )}
    </FaultPart>
  );
}

function AnswerFields({ form, change }: PartProps) {
  return (
    <FaultPart legend="Then the answer">
      <Field label="Answer">
        {({ id }) => <Select id={id} value={form.answer} options={answers} onChange={(answer) => change({ answer })} />}
      </Field>
      {form.answer === 'status' && (
        <Field label="Status">
          {({ id }) => (
            <NumberField id={id} value={form.status} min={200} max={599} onChange={(value) => change({ status: value ?? 503 })} />
          )}
        </Field>
      )}
      {form.answer === 'grpc' && (
        <Field label="Status">
          {({ id }) => (
            <Select
              id={id}
              value={form.grpcStatus}
              options={[...new Set([form.grpcStatus, ...grpcStatuses])].map((s) => ({ value: s, label: s }))}
              onChange={(grpcStatus) => change({ grpcStatus })}
            />
          )}
        </Field>
      )}
    </FaultPart>
  );
}

/** A body that never comes has nothing to cut. */
function BodyFields({ form, change }: PartProps) {
  if (form.answer !== 'usual') return null;
  const text = (name: 'truncateAfter' | 'bytesPerSecond' | 'corrupt', label: string, placeholder: string) => (
    <Field label={label}>
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
  return (
    <FaultPart legend="And its body">
      {text('truncateAfter', 'Cut after', 'whole, or 1KiB')}
      {text('bytesPerSecond', 'Bytes a second', 'all at once, or 2KiB')}
      {text('corrupt', 'Bytes corrupted', 'none, or 1%')}
    </FaultPart>
  );
}

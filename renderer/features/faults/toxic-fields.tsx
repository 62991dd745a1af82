import { Plus, X } from 'lucide-react';
import type { ToxicTypeInfo } from '../../../proxy/api/toxic.schema.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, Field, IconButton, NumberField, Select } from '../../ui/index.ts';
import { hasDirection, newToxic, type ToxicForm, toxicName } from './toxic-words.ts';

const none: readonly ToxicTypeInfo[] = [];

/** The kinds of toxics this engine has; empty until it has answered. */
export const useToxicTypes = (): readonly ToxicTypeInfo[] => useCall('listToxicTypes').data?.types ?? none;

/** Toxics in the order the bytes meet them. */
export function ToxicList({ toxics, onChange }: { toxics: readonly ToxicForm[]; onChange: (toxics: ToxicForm[]) => void }) {
  const types = useToxicTypes();
  return (
    <div className="toxic-list">
      {toxics.map((toxic, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a toxic is its place in the chain.
        <div key={index} className="toxic-card">
          <ToxicFields
            toxic={toxic}
            types={types}
            onChange={(next) => onChange(toxics.map((one, at) => (at === index ? next : one)))}
          />
          {toxics.length > 1 && (
            <IconButton
              label={`Remove ${toxicName(toxic.type)}`}
              size="small"
              icon={<X size={14} />}
              onClick={() => onChange(toxics.filter((_, at) => at !== index))}
            />
          )}
        </div>
      ))}
      <div>
        <Button size="small" icon={<Plus size={13} />} onClick={() => onChange([...toxics, newToxic('latency', types)])}>
          Another toxic
        </Button>
      </div>
    </div>
  );
}

/** One toxic: its kind, its attributes with their units, direction and toxicity. */
export function ToxicFields({
  toxic,
  types,
  onChange,
}: {
  toxic: ToxicForm;
  types: readonly ToxicTypeInfo[];
  onChange: (toxic: ToxicForm) => void;
}) {
  const info = types.find(({ type }) => type === toxic.type);
  return (
    <div className="grow toxic-fields">
      <div className="fault-grid">
        <Field label="Toxic">
          {({ id }) => (
            <Select
              id={id}
              value={toxic.type}
              options={
                types.length === 0 ? [{ value: toxic.type, label: toxicName(toxic.type) }] : types.filter(useful).map(option)
              }
              onChange={(type) =>
                onChange({ ...newToxic(type, types), stream: toxic.stream, toxicityPercent: toxic.toxicityPercent })
              }
            />
          )}
        </Field>
        {info?.attributes.map(({ name, min, max, unit, integer }) => (
          <Field key={name} label={attributeName(name)}>
            {({ id }) => (
              <NumberField
                id={id}
                value={toxic.attributes[name] ?? null}
                min={min}
                max={max}
                step={integer ? 1 : 0.1}
                unit={unit}
                onChange={(value) => onChange({ ...toxic, attributes: { ...toxic.attributes, [name]: value } })}
              />
            )}
          </Field>
        ))}
        {hasDirection(toxic.type) && (
          <Field label="On the bytes of" hint={toxic.stream}>
            {({ id }) => (
              <Select
                id={id}
                value={toxic.stream}
                options={[
                  { value: 'downstream', label: 'Answers' },
                  { value: 'upstream', label: 'Requests' },
                ]}
                onChange={(stream) => onChange({ ...toxic, stream })}
              />
            )}
          </Field>
        )}
        <Field label="Toxicity" hint="Share of connections">
          {({ id }) => (
            <NumberField
              id={id}
              value={toxic.toxicityPercent}
              min={0}
              max={100}
              unit="%"
              onChange={(value) => onChange({ ...toxic, toxicityPercent: value ?? 100 })}
            />
          )}
        </Field>
      </div>
      {info && <p className="soft fault-side">{info.summary}.</p>}
    </div>
  );
}

const useful = ({ type }: ToxicTypeInfo): boolean => type !== 'noop';
const option = ({ type }: ToxicTypeInfo) => ({ value: type, label: toxicName(type) });

/** `average_size` → `Average size`. */
function attributeName(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

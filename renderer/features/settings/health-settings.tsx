import { useEffect, useState } from 'react';
import { defaultHealthThresholds, type HealthThresholds } from '../../../proxy/api/health.ts';
import { Button, NumberField } from '../../ui/index.ts';
import { useThresholds } from '../health/failures.tsx';
import { Setting } from './setting.tsx';

const restMs = 800;

type Kind = keyof HealthThresholds;
const kinds: readonly { kind: Kind; name: string; what: string }[] = [
  { kind: 'serverErrors', name: '5xx', what: '5xx and calls without an answer' },
  { kind: 'clientErrors', name: '4xx', what: '4xx' },
];

/** From which share of failed requests on a service is called degraded or failing, everywhere: topology, tables, service page. */
export function HealthSettings({
  onChange,
}: {
  /** `undefined`: the defaults again. */ onChange: (next: HealthThresholds | undefined) => void;
}) {
  const value = useThresholds();
  const isDefault = JSON.stringify(value) === JSON.stringify(defaultHealthThresholds);
  return (
    <>
      {kinds.map(({ kind, name, what }) => (
        <Setting
          key={kind}
          name={`Health by ${name}`}
          hint={
            <>
              Percent of requests that ended in {what}; 0 is a single one. Kiali’s defaults. <code>spec.health.{kind}</code>
            </>
          }
        >
          <Levels
            key={JSON.stringify(value[kind])}
            name={name}
            value={value[kind]}
            onChange={(levels) => onChange({ ...value, [kind]: levels })}
          />
          {!isDefault && kind === 'clientErrors' && (
            <Button size="small" onClick={() => onChange(undefined)}>
              Defaults
            </Button>
          )}
        </Setting>
      ))}
    </>
  );
}

/** Taken when both numbers have rested and make sense together. */
function Levels({
  name,
  value,
  onChange,
}: {
  name: string;
  value: HealthThresholds[Kind];
  onChange: (levels: HealthThresholds[Kind]) => void;
}) {
  const [degraded, setDegraded] = useState<number | null>(value.degraded);
  const [failing, setFailing] = useState<number | null>(value.failing);
  const isAsked = degraded !== null && failing !== null && (degraded !== value.degraded || failing !== value.failing);
  const isWrong = isAsked && degraded > failing;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the last change counts, not a new callback.
  useEffect(() => {
    if (!isAsked || isWrong) return;
    const timer = setTimeout(() => onChange({ degraded, failing }), restMs);
    return () => clearTimeout(timer);
  }, [degraded, failing, isAsked, isWrong]);
  return (
    <div className="setting-levels">
      <span className="tone-text tone-warn">▲ degraded from</span>
      <NumberField
        label={`Degraded from, percent of ${name}`}
        value={degraded}
        min={0}
        max={100}
        unit="%"
        onChange={setDegraded}
      />
      <span className="tone-text tone-bad">■ failing from</span>
      <NumberField label={`Failing from, percent of ${name}`} value={failing} min={0} max={100} unit="%" onChange={setFailing} />
      {isWrong && (
        <span className="tone-text tone-bad" role="alert">
          ✖ degraded comes before failing
        </span>
      )}
    </div>
  );
}

import { useState } from 'react';
import { useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, Code, Dialog, Field, Input, Notice, NumberField, Segments, Select } from '../../ui/index.ts';
import { EffectFields } from './effect-fields.tsx';
import { type FaultForm, toFaultRequest, toYaml } from './fault-form.ts';
import { wouldHit } from './would-hit.ts';
import './faults.css';

export function FaultDialog({ initial, onClose }: { initial: FaultForm; onClose: () => void }) {
  const engine = useEngine();
  const status = useStatus();
  const [form, setForm] = useState(initial);
  const [error, setError] = useState('');
  const change = (part: Partial<FaultForm>) => setForm({ ...form, ...part });
  const services = (status?.services ?? []).map((s) => s.name).sort();
  const versions = [
    ...new Set((status?.workloads ?? []).filter((w) => w.service === form.to && w.version !== '').map((w) => w.version)),
  ].sort();
  const made = toFaultRequest(form);
  const arm = async () => {
    if ('problem' in made) {
      setError(made.problem);
      return;
    }
    try {
      await engine.call('addFault', { body: made.request });
      await engine.refreshFaults();
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  const estimate = form.to === '' || form.effect === 'toxics' ? null : wouldHit(engine.exchanges, form);
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title="New fault"
      footer={
        <>
          <span className="grow soft" data-testid="fault-estimate">
            {estimate && `Last 60 s: would have hit about ${estimate.hit} of ${estimate.seen} requests`}
          </span>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="fault-submit" onClick={() => void arm()}>
            Arm
          </Button>
        </>
      }
    >
      <div className="fault-form">
        <div className="fault-grid">
          <Field label="Calls to">
            {({ id }) => (
              <Select
                id={id}
                value={form.to}
                options={[{ value: '', label: 'Choose a service' }, ...options(services)]}
                onChange={(to) => change({ to, version: '' })}
              />
            )}
          </Field>
          <Field label="Version">
            {({ id }) => (
              <Select
                id={id}
                value={form.version}
                options={[{ value: '', label: 'Any' }, ...options(versions)]}
                onChange={(version) => change({ version })}
              />
            )}
          </Field>
          <Field label="From">
            {({ id }) => (
              <Select
                id={id}
                value={form.from}
                options={[{ value: '', label: 'Anyone' }, ...options([...services, 'ingress'])]}
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
              <Input {...ids} value={form.expires} placeholder="never" onChange={(e) => change({ expires: e.target.value })} />
            )}
          </Field>
        </div>
        <EffectFields form={form} change={change} />
        <div>
          <Segments
            label="Where it acts"
            value={form.side}
            options={[
              { value: 'server', label: 'Callee’s sidecar' },
              { value: 'client', label: form.effect === 'toxics' ? 'Caller’s sidecar' : 'Caller’s sidecar (Istio)' },
            ]}
            onChange={(side) => change({ side })}
          />
          <p className="soft fault-side">
            {form.effect === 'toxics'
              ? `Retries ✔  Ejection ✔  Caller’s timeout ✔ — below HTTP, behind the router: the ${form.side === 'server' ? 'callee’s side of the wire' : 'connections the caller opens'}, TLS taken off. Open connections end after the request in progress.`
              : form.side === 'server'
                ? 'Retries ✔  Ejection ✔  Caller’s timeout ✔ — the caller sees an upstream that misbehaves.'
                : 'Retries ✖  Ejection ✖  Caller’s timeout ✖ — Istio’s filter stands before the router; exports as Istio YAML.'}
          </p>
        </div>
        <details className="fault-more">
          <summary>Only some requests, when, and how long</summary>
          <div className="fault-grid">
            {form.effect !== 'toxics' && (
              <>
                <Field label="Path starts with">
                  {(ids) => (
                    <Input {...ids} value={form.path} placeholder="/" onChange={(e) => change({ path: e.target.value })} />
                  )}
                </Field>
                <Field label="Header">
                  {(ids) => (
                    <Input
                      {...ids}
                      value={form.header}
                      placeholder="x-qa: 1"
                      onChange={(e) => change({ header: e.target.value })}
                    />
                  )}
                </Field>
              </>
            )}
            <Field label="Let pass first">
              {({ id }) => <NumberField id={id} value={form.skip} min={0} onChange={(value) => change({ skip: value ?? 0 })} />}
            </Field>
            <Field label="Then only this many">
              {({ id }) => <NumberField id={id} value={form.first} min={0} onChange={(first) => change({ first })} />}
            </Field>
            <Field label="One draw decides for a">
              {({ id }) => (
                <Select
                  id={id}
                  value={form.per}
                  options={options(['request', 'connection', 'trace', 'client'] as const)}
                  onChange={(per) => change({ per })}
                />
              )}
            </Field>
            <Field label="Seed" hint="The same seed and requests give the same faults">
              {({ id }) => <NumberField id={id} value={form.seed} onChange={(seed) => change({ seed })} />}
            </Field>
            <Field label="Name">
              {(ids) => (
                <Input {...ids} value={form.name} placeholder="made up" onChange={(e) => change({ name: e.target.value })} />
              )}
            </Field>
          </div>
        </details>
        {'request' in made && (
          <details className="fault-more">
            <summary>As YAML</summary>
            <Code text={toYaml(made.request)} />
          </details>
        )}
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

function options<T extends string>(values: readonly T[]): { value: T; label: string }[] {
  return values.map((value) => ({ value, label: value }));
}

import type { ReplayPlan } from '../../../proxy/api/replay.schema.ts';
import { useStatus } from '../../engine/use-engine.ts';
import { Field, formatMs, Input, Notice, plural, Select, Switch } from '../../ui/index.ts';
import { concurrencyOf, isAddressTarget, type ReplayOptions, remoteHost, rhythms } from './replay-options.ts';

export type Change = (part: Partial<ReplayOptions>) => void;
interface PartProps {
  options: ReplayOptions;
  change: Change;
  plan: ReplayPlan | null;
}

/** What is about to be sent, before it is. */
export function planWords({ calls, spanMs, methods }: ReplayPlan): string {
  const kinds = Object.entries(methods).map(([method, count]) => `${count} ${method}`);
  return `${plural(calls, 'call')} over ${formatMs(spanMs)} (${kinds.join(', ') || 'nothing'}) go out again from where they came; services make their own calls.`;
}

export function Timing({ options, change }: PartProps) {
  const isTimed = options.rhythm !== 'fast' && options.rhythm !== 'one-by-one';
  return (
    <fieldset className="rpl-part">
      <legend>Timing</legend>
      <Field label="Pace">
        {({ id }) => <Select id={id} value={options.rhythm} options={rhythms} onChange={(rhythm) => change({ rhythm })} />}
      </Field>
      {options.rhythm !== 'one-by-one' && (
        <Field label="In flight at most" hint={options.rhythm === 'fast' ? '1 to 1000, else 32' : '1 to 1000, else 512'}>
          {(ids) => (
            <Input
              {...ids}
              value={options.concurrency}
              inputMode="numeric"
              aria-invalid={Number.isNaN(concurrencyOf(options))}
              placeholder={options.rhythm === 'fast' ? '32' : '512'}
              onChange={(event) => change({ concurrency: event.target.value })}
            />
          )}
        </Field>
      )}
      <Field label="Messages of streams">
        {({ id }) => (
          <Select
            id={id}
            value={options.streams}
            options={[
              { value: 'lock-step', label: 'Each after the answer before it' },
              { value: 'timed', label: 'At their recorded times' },
            ]}
            onChange={(streams) => change({ streams })}
          />
        )}
      </Field>
      {isTimed && (
        <Switch checked={options.maxIdle} onChange={(maxIdle) => change({ maxIdle })}>
          Shorten pauses to 5 s
        </Switch>
      )}
    </fieldset>
  );
}

export function Target({ options, change, plan }: PartProps) {
  const targets = useTargets();
  const host = remoteHost(options);
  return (
    <fieldset className="rpl-part">
      <legend>Where to</legend>
      <Field
        label="Send to"
        hint="In every call of a replayed trace, through the caller’s sidecar: policies and mutual TLS apply."
      >
        {({ id }) => (
          <Select
            id={id}
            value={options.to}
            options={[{ value: '', label: 'Wherever the routes lead' }, ...targets]}
            onChange={(to) => change({ to })}
          />
        )}
      </Field>
      {isAddressTarget(options.to) && (
        <Field label="Address">
          {(ids) => (
            <Input
              {...ids}
              value={options.address}
              placeholder="http://127.0.0.1:9999"
              onChange={(event) => change({ address: event.target.value })}
            />
          )}
        </Field>
      )}
      {host !== '' && (
        <div className="rpl-wide">
          <Notice tone="warn">
            {host} is not on this machine, and recorded writes would go there too.
            <Switch checked={options.allowRemote} onChange={(allowRemote) => change({ allowRemote })}>
              Send to {host} all the same
            </Switch>
          </Notice>
        </div>
      )}
      <Dependencies {...{ options, change, plan }} />
      {(plan?.remoteHosts ?? []).map((other) => (
        <div className="rpl-wide" key={other}>
          <Notice tone="warn">
            Recorded calls go to {other}, which is not on this machine.
            <Switch
              checked={options.confirmed.includes(other)}
              onChange={(on) =>
                change({ confirmed: on ? [...options.confirmed, other] : options.confirmed.filter((one) => one !== other) })
              }
            >
              Send to {other} all the same
            </Switch>
          </Notice>
        </div>
      ))}
    </fieldset>
  );
}

/** `mock deps`: the recording in place of what the called services call. */
function Dependencies({ options, change, plan }: PartProps) {
  const dependencies = plan?.dependencies ?? [];
  const named = dependencies.slice(0, 3).map(({ from, service }) => `${from} → ${service}`);
  const more = dependencies.length > 3 ? ` and ${dependencies.length - 3} more` : '';
  const hint =
    plan === null
      ? ''
      : dependencies.length === 0
        ? 'The recording holds no calls that services made by themselves.'
        : options.dependencies === 'live'
          ? `They really make them: ${named.join(', ')}${more}.`
          : `Only while it runs, and only for these callers: ${named.join(', ')}${more}.`;
  return (
    <Field label="What the called services call" hint={hint}>
      {({ id }) => (
        <Select
          id={id}
          value={dependencies.length === 0 ? 'live' : options.dependencies}
          disabled={dependencies.length === 0}
          options={[
            { value: 'live', label: 'The live services' },
            { value: 'recorded', label: 'This recording answers (mock dependencies)' },
          ]}
          onChange={(dependencies) => change({ dependencies })}
        />
      )}
    </Field>
  );
}

export function Variables({ options, change, plan }: PartProps) {
  const suggestions = plan?.suggestions ?? [];
  const turn = (rule: string, on: boolean) =>
    change({ suggested: on ? [...options.suggested, rule] : options.suggested.filter((other) => other !== rule) });
  return (
    <fieldset className="rpl-part">
      <legend>Values of answers in later requests</legend>
      <Switch checked={options.cookies} onChange={(cookies) => change({ cookies })}>
        Cookies as they are given now
      </Switch>
      {suggestions.length > 0 && (
        <ul className="rpl-wide rpl-suggestions">
          {suggestions.map(({ rule, requests, where }) => (
            <li key={rule}>
              <Switch checked={options.suggested.includes(rule)} onChange={(on) => turn(rule, on)}>
                <span className="mono">{rule}</span>{' '}
                <span className="soft">
                  {plural(requests, 'request')} {requests === 1 ? 'repeats' : 'repeat'} it, first {where}
                </span>
              </Switch>
            </li>
          ))}
        </ul>
      )}
      <div className="rpl-wide">
        <Field label="Rules of your own" hint="name=$.path | header:NAME | cookie:NAME from METHOD PATH; several are parted by ;">
          {(ids) => (
            <Input
              {...ids}
              value={options.ownVariables}
              placeholder="token=$.access_token from POST /login"
              onChange={(event) => change({ ownVariables: event.target.value })}
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}

export function Comparison({ options, change, plan }: PartProps) {
  const writes = ['POST', 'PUT', 'PATCH', 'DELETE'].some((method) => (plan?.methods[method] ?? 0) > 0);
  const text = (name: 'ignore' | 'unordered' | 'tolerance', label: string, placeholder: string, hint: string) => (
    <Field label={label} hint={hint}>
      {(ids) => (
        <Input
          {...ids}
          value={options[name]}
          placeholder={placeholder}
          onChange={(event) => change({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <fieldset className="rpl-part">
      <legend>Comparison</legend>
      {text('ignore', 'Leave out', 'nothing', '$.id, $.items[*].at, header:etag')}
      {text('unordered', 'Order says nothing', 'nowhere', '$.items; * for every array')}
      {text('tolerance', 'Numbers may differ', 'no', '$.total±0.01, $.price±1%')}
      <div className="rpl-switches">
        <Switch checked={options.noise} onChange={(noise) => change({ noise })}>
          Send twice, to tell what changes by itself
        </Switch>
        {options.noise && writes && (
          <Switch checked={options.noiseWrites} onChange={(noiseWrites) => change({ noiseWrites })}>
            POST, PUT, PATCH and DELETE too
          </Switch>
        )}
      </div>
    </fieldset>
  );
}

/** `reviews=v2` for each version of each service, `reviews=` for an address. */
function useTargets(): { value: string; label: string }[] {
  const workloads = useStatus()?.workloads ?? [];
  const versions = new Set(
    workloads.filter(({ version }) => version !== '').map(({ service, version }) => `${service}=${version}`),
  );
  const services = new Set(workloads.map(({ service }) => service));
  return [
    ...[...versions].sort().map((target) => ({ value: target, label: target.replace('=', ' ') })),
    ...[...services].sort().map((service) => ({ value: `${service}=`, label: `${service} at another address…` })),
  ];
}

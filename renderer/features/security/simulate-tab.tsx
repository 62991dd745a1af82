import { Play, ScanSearch } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { describeError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Badge, Button, EmptyState, Field, Input, Notice, Panel, Select, type Tone } from '../../ui/index.ts';
import { HeadersField } from '../requests/headers-field.tsx';
import { parseHeaders } from '../requests/parse-headers.ts';
import { describeVerdict, namePolicy } from './verdict.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Ask the engine what would happen to a call; nothing is sent. */
export function SimulateTab({ status }: { status: Status }) {
  const engine = useEngine();
  const services = status.services.map(({ name, namespace }) => ({ value: `${namespace}/${name}`, label: name }));
  const [from, setFrom] = useState(services[0]?.value ?? 'ingress');
  const [to, setTo] = useState(services[1]?.value ?? services[0]?.value ?? '');
  const [method, setMethod] = useState('GET');
  const [path, setPath] = useState('/');
  const [headers, setHeaders] = useState('');
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [error, setError] = useState<string | null>(null);
  const pairs = parseHeaders(headers);
  const pathError = path.startsWith('/') ? undefined : 'A path starts with /.';
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (pathError || typeof pairs === 'string') return;
    const service = status.services.find(({ name, namespace }) => `${namespace}/${name}` === to);
    const host = `${service?.name ?? to}.${service?.namespace ?? 'default'}:${service?.ports[0]?.port ?? 80}`;
    const target = from === 'ingress' ? `${service?.name ?? to}.localhost` : host;
    try {
      const body = { from, to: target, method, path, headers: Object.fromEntries(pairs) };
      setAnswer(await engine.call('explain', { body }));
      setError(null);
    } catch (failure) {
      setError(describeError(failure));
    }
  };
  if (services.length === 0)
    return (
      <EmptyState icon={ScanSearch} title="Nobody to call">
        Add a service first; then ask here who may call it.
      </EmptyState>
    );
  return (
    <div className="security-simulate">
      <Panel title="May this call be made?">
        <form className="col security-form" onSubmit={(event) => void ask(event)}>
          <div className="security-form-line">
            <Field label="From">
              {(ids) => (
                <Select
                  id={ids.id}
                  value={from}
                  options={[...services, { value: 'ingress', label: 'outside, through the ingress' }]}
                  onChange={setFrom}
                />
              )}
            </Field>
            <Field label="To">{(ids) => <Select id={ids.id} value={to} options={services} onChange={setTo} />}</Field>
          </div>
          <div className="security-form-line" data-narrow="">
            <Field label="Method">
              {(ids) => (
                <Select
                  id={ids.id}
                  value={method}
                  options={methods.map((value) => ({ value, label: value }))}
                  onChange={setMethod}
                />
              )}
            </Field>
            <Field label="Path" error={pathError}>
              {(ids) => <Input {...ids} className="mono" value={path} onChange={(event) => setPath(event.currentTarget.value)} />}
            </Field>
          </div>
          <HeadersField value={headers} rows={3} error={typeof pairs === 'string' ? pairs : undefined} onChange={setHeaders} />
          <div className="row">
            <Button variant="primary" type="submit" icon={<Play size={13} />} data-testid="simulate">
              Simulate
            </Button>
            <span className="muted">Nothing is sent.</span>
          </div>
        </form>
      </Panel>
      {error ? (
        <Notice tone="bad">{error}</Notice>
      ) : answer ? (
        <Answer answer={answer} />
      ) : (
        <p className="muted security-words">The engine answers with the policy and the rule that decide.</p>
      )}
    </div>
  );
}

const outcomes: Record<string, { tone: Tone; glyph: string }> = {
  denied: { tone: 'bad', glyph: '✖' },
  allowed: { tone: 'ok', glyph: '✓' },
  'not-matched': { tone: 'neutral', glyph: '–' },
};

function Answer({ answer }: { answer: Explanation }) {
  const verdict = describeVerdict(answer);
  const { method, path, from, to } = answer.request;
  return (
    <Panel title="Verdict" hint={`${method} ${path} from ${from} to ${to}`}>
      <div className="col security-answer" role="status" data-testid="verdict">
        <p className="security-verdict">
          <b className={`tone-${verdict.tone} tone-text`}>
            {verdict.glyph} {verdict.word}
          </b>{' '}
          {verdict.text}
        </p>
        <p className="soft">{answer.summary}</p>
        {answer.policies.length > 0 && (
          <ul className="security-asked" aria-label="Policies asked">
            {answer.policies.map(({ resource, outcome, reason }) => {
              const look = outcomes[outcome] ?? { tone: 'info' as const, glyph: 'ℹ' };
              return (
                <li key={`${namePolicy(resource)} ${outcome} ${reason}`}>
                  <Badge tone={look.tone}>
                    {look.glyph} {outcome.replace('-', ' ')}
                  </Badge>
                  <a href={hrefTo('config', { object: `${resource.kind}/${resource.namespace}/${resource.name}` })}>
                    {namePolicy(resource)}
                  </a>
                  <span className="soft">{reason}</span>
                </li>
              );
            })}
          </ul>
        )}
        {(answer.standIns ?? [])
          .filter(({ enabled }) => enabled)
          .map(({ simulation, recording, service, from: only }) => (
            <Notice key={simulation} tone="info">
              {recording} would answer for {service}, not its process ({simulation}
              {only === '' ? '' : `, only for ${only}`}).
            </Notice>
          ))}
        {answer.faults.length > 0 && (
          <Notice tone="info">
            Faults would act too:{' '}
            {answer.faults.map(({ name, effect, percentage }) => `${name} (${effect}, ${percentage} %)`).join(', ')}.
          </Notice>
        )}
      </div>
    </Panel>
  );
}

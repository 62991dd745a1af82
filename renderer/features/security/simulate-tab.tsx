import { Play, ScanSearch } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { FirstTraffic } from '../../commands/first-traffic.tsx';
import { describeError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, EmptyState, Field, Input, Notice, Panel, Select } from '../../ui/index.ts';
import { HeadersField } from '../requests/headers-field.tsx';
import { parseHeaders } from '../requests/parse-headers.ts';
import { VerdictPanel } from './verdict-panel.tsx';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const outside = 'ingress';

interface Call {
  from: string;
  to: string;
  method: string;
  path: string;
}

/** Ask the engine what would happen to a call; nothing is sent. The call is part of the URL: `&from=&to=&method=&path=`. */
export function SimulateTab({ status }: { status: Status }) {
  const engine = useEngine();
  const { query } = useRoute();
  const router = useRouter();
  const services = status.services.map(({ name, namespace }) => ({ value: `${namespace}/${name}`, label: name }));
  const call: Call = {
    from: query.get('from') ?? services[0]?.value ?? outside,
    to: query.get('to') ?? services[1]?.value ?? services[0]?.value ?? '',
    method: query.get('method') ?? 'GET',
    path: query.get('path') ?? '/',
  };
  const [headers, setHeaders] = useState('');
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [error, setError] = useState<string | null>(null);
  const pairs = parseHeaders(headers);
  const pathError = call.path.startsWith('/') ? undefined : 'A path starts with /.';
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (pathError || typeof pairs === 'string') return;
    try {
      const { from, method, path } = call;
      const body = { from, to: targetOf(status, call), method, path, headers: Object.fromEntries(pairs) };
      setAnswer(await engine.call('explain', { body }));
      setError(null);
    } catch (failure) {
      setError(describeError(failure));
    }
  };
  if (services.length === 0)
    return (
      <EmptyState icon={ScanSearch} title="Nobody to call" actions={<FirstTraffic />}>
        Add a service first; then ask here who may call it.
      </EmptyState>
    );
  return (
    <div className="security-simulate">
      <Panel title="May this call be made?">
        <form className="col security-form" onSubmit={(event) => void ask(event)}>
          <CallFields
            call={call}
            services={services}
            pathError={pathError}
            onChange={(change) => router.setQuery({ ...change })}
          />
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
        <VerdictPanel answer={answer} />
      ) : (
        <p className="muted security-words">The engine answers with the policy and the rule that decide.</p>
      )}
    </div>
  );
}

/** The host as the caller would name it; from outside, the name at the ingress. */
function targetOf(status: Status, { from, to }: Call): string {
  const service = status.services.find(({ name, namespace }) => `${namespace}/${name}` === to);
  const name = service?.name ?? to;
  return from === outside ? `${name}.localhost` : `${name}.${service?.namespace ?? 'default'}:${service?.ports[0]?.port ?? 80}`;
}

interface CallFieldsProps {
  call: Call;
  services: readonly { value: string; label: string }[];
  pathError: string | undefined;
  onChange: (change: Partial<Call>) => void;
}

function CallFields({ call, services, pathError, onChange }: CallFieldsProps) {
  const callers = [...services, { value: outside, label: 'outside, through the ingress' }];
  const verbs = methods.map((value) => ({ value, label: value }));
  return (
    <>
      <div className="security-form-line">
        <Field label="From">
          {(ids) => <Select id={ids.id} value={call.from} options={callers} onChange={(from) => onChange({ from })} />}
        </Field>
        <Field label="To">
          {(ids) => <Select id={ids.id} value={call.to} options={services} onChange={(to) => onChange({ to })} />}
        </Field>
      </div>
      <div className="security-form-line" data-narrow="">
        <Field label="Method">
          {(ids) => <Select id={ids.id} value={call.method} options={verbs} onChange={(method) => onChange({ method })} />}
        </Field>
        <Field label="Path" error={pathError}>
          {(ids) => (
            <Input
              {...ids}
              className="mono"
              value={call.path}
              onChange={(event) => onChange({ path: event.currentTarget.value })}
            />
          )}
        </Field>
      </div>
    </>
  );
}

import { Plus } from 'lucide-react';
import { type FormEvent, useId, useMemo, useState } from 'react';
import { hrefTo } from '../../app/router.ts';
import { useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, Code, Dialog, Field, Input, Notice, Select, Skeleton, StatusDot } from '../../ui/index.ts';
import { readRefusal } from './read-refusal.ts';
import { Refused } from './refused.tsx';
import { checkForm, emptyForm, environmentLines, type RegisterForm, toRequest } from './register-form.ts';
import './register.css';

const protocols = [
  { value: 'http', label: 'HTTP' },
  { value: 'http2', label: 'HTTP/2' },
  { value: 'grpc', label: 'gRPC' },
  { value: 'tcp', label: 'TCP' },
] as const;

/** Puts one local process behind a sidecar, then says how to call it and how to let its own calls in. */
export function RegisterDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return open ? <OpenDialog onClose={onClose} /> : null;
}

/** What is typed, what of it is wrong, and what came of it. */
function useRegistration() {
  const engine = useEngine();
  const status = useStatus();
  const [form, setForm] = useState<RegisterForm>(emptyForm);
  const [touched, setTouched] = useState<ReadonlySet<keyof RegisterForm>>(new Set());
  const [state, setState] = useState<{ busy: boolean; refused: string[]; registered: string | null }>({
    busy: false,
    refused: [],
    registered: null,
  });
  const errors = useMemo(() => checkForm(form, status), [form, status]);
  const shown = (field: keyof RegisterForm) => (touched.has(field) ? errors[field] : undefined);
  const change = (field: keyof RegisterForm) => (value: string) => setForm((before) => ({ ...before, [field]: value }));
  const touch = (field: keyof RegisterForm) => setTouched((before) => new Set([...before, field]));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTouched(new Set(Object.keys(form) as (keyof RegisterForm)[]));
    const first = Object.keys(errors)[0];
    if (first) {
      document.querySelector<HTMLElement>(`[data-field="${first}"]`)?.focus();
      return;
    }
    setState({ busy: true, refused: [], registered: null });
    try {
      await engine.call('registerService', { body: toRequest(form) });
      setState({ busy: false, refused: [], registered: form.name.trim() });
    } catch (error) {
      setState({ busy: false, refused: readRefusal(error), registered: null });
    }
  };
  const again = () => {
    setForm(emptyForm);
    setTouched(new Set());
    setState({ busy: false, refused: [], registered: null });
  };

  const text = (field: keyof RegisterForm, placeholder: string) => ({
    value: form[field],
    placeholder,
    'data-field': field,
    'data-testid': `register-${field}`,
    onChange: (event: { target: { value: string } }) => change(field)(event.target.value),
    onBlur: () => form[field] !== '' && touch(field),
  });
  return { form, change, shown, text, submit, again, ...state };
}

function OpenDialog({ onClose }: { onClose: () => void }) {
  const formId = useId();
  const { form, change, shown, text, submit, again, busy, refused, registered } = useRegistration();
  if (registered !== null) return <Registered name={registered} onClose={onClose} onAgain={again} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add service"
      description="Name a process that listens on this machine. It gets a sidecar at once; the process itself stays as it is."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            type="submit"
            form={formId}
            icon={<Plus size={14} />}
            disabled={busy}
            data-testid="register-submit"
          >
            {busy ? 'Adding…' : 'Add service'}
          </Button>
        </>
      }
    >
      <form id={formId} className="register-form" noValidate onSubmit={(event) => void submit(event)}>
        <Field label="Name" error={shown('name')} hint="Others call it by this name, as in the cluster.">
          {(ids) => <Input {...ids} {...text('name', 'reviews')} />}
        </Field>
        <Field label="Address" error={shown('address')} hint="Where your process listens.">
          {(ids) => <Input {...ids} {...text('address', '127.0.0.1:9081')} className="mono" />}
        </Field>
        <Field label="Port" error={shown('port')} hint={portHint(form)}>
          {(ids) => <Input {...ids} {...text('port', '9080')} inputMode="numeric" />}
        </Field>
        <Field label="Protocol">
          {({ id }) => <Select id={id} value={form.protocol} options={protocols} onChange={change('protocol')} />}
        </Field>
        <Field label="Version" error={shown('version')} hint="Optional, for routing.">
          {(ids) => <Input {...ids} {...text('version', 'v1')} />}
        </Field>
      </form>
      <Refused reasons={refused} />
    </Dialog>
  );
}

const portHint = ({ name, port }: RegisterForm) => (
  <>
    Others use <span className="mono">{`http://${name.trim() || 'reviews'}:${port.trim() || '9080'}`}</span>
  </>
);

function Registered({ name, onClose, onAgain }: { name: string; onClose: () => void; onAgain: () => void }) {
  const status = useStatus();
  const workload = status?.workloads.find(({ service }) => service === name);
  const service = status?.services.find((candidate) => candidate.name === name);
  const port = service?.ports[0]?.port;
  const open = workload ? hrefTo('service', { name: `${workload.namespace}/${name}` }) : hrefTo('topology');
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${name} is in the mesh`}
      footer={
        <>
          <Button onClick={onAgain}>Add another</Button>
          <a className="dd-button" data-variant="default" data-size="medium" href={open}>
            Open {name}
          </a>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      {!workload || !status ? (
        <Skeleton lines={4} />
      ) : (
        <div className="register-done" data-testid="register-done">
          <Probe health={workload.health ?? 'unknown'} message={workload.healthMessage ?? ''} app={workload.app} />
          <Step title="Call it as other services do" note="through the sidecar of any caller, with the URL it has in the cluster">
            <Code text={`http://${name}:${port ?? 80}/`} />
          </Step>
          <Step title="Call it from outside" note="through the ingress">
            <Code text={`curl -H 'Host: ${name}.localhost' ${status.ingress}/`} />
          </Step>
          <Step title={`Let ${name}’s own calls into the mesh`} note="start its process with">
            <Code text={environmentLines(workload)} />
          </Step>
        </div>
      )}
    </Dialog>
  );
}

function Probe({ health, message, app }: { health: string; message: string; app: string }) {
  if (health === 'ready')
    return (
      <StatusDot tone="ok">
        It answers on <span className="mono">{app}</span>
      </StatusDot>
    );
  if (health === 'down' || health === 'exited')
    return (
      <Notice tone="warn">
        Nothing answers on <span className="mono">{app}</span> yet{message && !message.includes(app) ? `: ${message}` : ''}. Start
        the process; the sidecar waits for it.
      </Notice>
    );
  return <StatusDot tone="neutral">Looking for it on {app}…</StatusDot>;
}

function Step({ title, note, children }: { title: string; note: string; children: React.ReactNode }) {
  return (
    <section>
      <h3>
        {title} <span>{note}</span>
      </h3>
      {children}
    </section>
  );
}

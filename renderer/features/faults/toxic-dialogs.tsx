import { type ReactNode, useId, useState } from 'react';
import { describeError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, Field, Input, Notice } from '../../ui/index.ts';
import { ToxicFields, useToxicTypes } from './toxic-fields.tsx';
import { newToxic, toToxic } from './toxic-words.ts';

interface EntryDialogProps {
  title: string;
  size?: 'medium' | 'wide';
  /** Said beside the buttons. */
  note?: string;
  verb: string;
  testId: string;
  /** What it throws is shown, and the dialog stays. */
  submit: () => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
  children: ReactNode;
}

/** A form in a dialog: Enter submits, what went wrong stands below the fields, and nothing is sent twice. */
function EntryDialog({ title, size, note, verb, testId, submit, onClose, onDone, children }: EntryDialogProps) {
  const form = useId();
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const run = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await submit();
      onDone();
      onClose();
    } catch (failure) {
      setError(describeError(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size={size}
      title={title}
      footer={
        <>
          <span className="grow soft toxic-note">{note}</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={form} variant="primary" disabled={busy} data-testid={testId}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="fault-form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </form>
    </Dialog>
  );
}

export function ProxyDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const engine = useEngine();
  const [name, setName] = useState('');
  const [listen, setListen] = useState('');
  const [upstream, setUpstream] = useState('');
  const create = () => {
    if (name.trim() === '' || upstream.trim() === '')
      return Promise.reject(new Error('A proxy needs a name and an upstream, for example 127.0.0.1:5432'));
    const address = listen.trim() === '' ? {} : { listen: listen.trim() };
    return engine.call('addToxiproxyProxy', { body: { name: name.trim(), upstream: upstream.trim(), ...address } });
  };
  return (
    <EntryDialog
      title="New toxic proxy"
      verb="Create"
      testId="toxiproxy-create"
      submit={create}
      onClose={onClose}
      onDone={onDone}
    >
      <div className="fault-grid">
        <Field label="Name">
          {(ids) => <Input {...ids} value={name} placeholder="postgres" onChange={(e) => setName(e.target.value)} />}
        </Field>
        <Field label="Upstream" hint="Where the real thing listens">
          {(ids) => (
            <Input {...ids} value={upstream} placeholder="127.0.0.1:5432" onChange={(e) => setUpstream(e.target.value)} />
          )}
        </Field>
        <Field label="Listen on" hint="Empty: any free port">
          {(ids) => <Input {...ids} value={listen} placeholder="127.0.0.1:0" onChange={(e) => setListen(e.target.value)} />}
        </Field>
      </div>
    </EntryDialog>
  );
}

export function ToxicDialog({ proxy, onClose, onDone }: { proxy: string; onClose: () => void; onDone: () => void }) {
  const engine = useEngine();
  const types = useToxicTypes();
  const [toxic, setToxic] = useState(() => newToxic('latency', types));
  const [name, setName] = useState('');
  const own = name.trim() === '' ? {} : { name: name.trim() };
  return (
    <EntryDialog
      title={`Toxic on ${proxy}`}
      size="wide"
      note="Acts at once, on open connections too."
      verb="Add"
      testId="toxiproxy-add-toxic"
      submit={() => engine.call('addProxyToxic', { params: { name: proxy }, body: { ...toToxic(toxic), ...own } })}
      onClose={onClose}
      onDone={onDone}
    >
      <ToxicFields toxic={toxic} types={types} onChange={setToxic} />
      <Field label="Name" hint="Empty: named after its kind and direction">
        {(ids) => <Input {...ids} value={name} onChange={(e) => setName(e.target.value)} />}
      </Field>
    </EntryDialog>
  );
}

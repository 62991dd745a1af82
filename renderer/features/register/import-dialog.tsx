import { FileInput } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import type { ComposeReading, ComposeService } from '../../../proxy/api/import.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, Field, FileButton, Notice, plural, useToasts } from '../../ui/index.ts';
import { readRefusal } from './read-refusal.ts';
import { Refused } from './refused.tsx';
import './register.css';

/** A compose file is read again this long after the last keystroke. */
const readAfterMs = 300;
const example = `services:
  orders:
    ports: ["3001:8080"]`;

/** Services of a docker-compose.yml: what would come, what not and why, and only then the change. */
export function ImportDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return open ? <OpenDialog onClose={onClose} /> : null;
}

/** A file as it is typed, what the engine reads in it, and the services chosen of that. */
function useImport(onDone: () => void) {
  const engine = useEngine();
  const toasts = useToasts();
  const [text, setText] = useState('');
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string[]>([]);
  const settled = useSettled(text);
  const reading = useCall('readCompose', settled.trim() === '' ? null : { body: { compose: settled } });
  const chosen = (reading.data?.services ?? []).filter(({ name }) => !without.has(name));
  const change = (next: string) => {
    setText(next);
    setWithout(new Set());
    setRefused([]);
  };
  const toggle = (name: string) => {
    const next = new Set(without);
    if (!next.delete(name)) next.add(name);
    setWithout(next);
  };
  const apply = async () => {
    setBusy(true);
    try {
      await engine.call('importCompose', { body: { compose: settled, services: chosen.map(({ name }) => name) } });
      toasts.ok(`${plural(chosen.length, 'service')} added`, chosen.map(({ name }) => name).join(', '));
      onDone();
    } catch (error) {
      setRefused(readRefusal(error));
      setBusy(false);
    }
  };
  return {
    text,
    change,
    reading,
    without,
    toggle,
    chosen,
    refused,
    apply,
    isReady: !busy && chosen.length > 0 && settled === text,
  };
}

function OpenDialog({ onClose }: { onClose: () => void }) {
  const formId = useId();
  const { text, change, reading, without, toggle, chosen, refused, apply, isReady } = useImport(onClose);
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title="Import compose file"
      description="Each service that publishes a port gets a sidecar. The containers stay as they are, and the file is only read."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form={formId} disabled={!isReady} data-testid="import-submit">
            {chosen.length === 0 ? 'Add services' : `Add ${plural(chosen.length, 'service')}`}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className="import-form"
        onSubmit={(event) => {
          event.preventDefault();
          void apply();
        }}
      >
        <FileButton
          accept=".yml,.yaml"
          icon={<FileInput size={14} />}
          inputTestId="import-file"
          onFiles={([file]) => void file?.text().then(change)}
        >
          Choose docker-compose.yml
        </FileButton>
        <Field label="Or paste it">
          {(ids) => (
            <textarea
              {...ids}
              className="dd-input import-text mono"
              spellCheck={false}
              value={text}
              placeholder={example}
              data-testid="import-text"
              onChange={(event) => change(event.target.value)}
            />
          )}
        </Field>
        <div className="import-reading" aria-live="polite">
          {reading.error && <Notice tone="bad">{reading.error}</Notice>}
          {reading.data && <Reading reading={reading.data} without={without} onToggle={toggle} />}
        </div>
      </form>
      <Refused reasons={refused} />
    </Dialog>
  );
}

interface ReadingProps {
  reading: ComposeReading;
  without: ReadonlySet<string>;
  onToggle: (name: string) => void;
}

function Reading({ reading: { services, left, problem }, without, onToggle }: ReadingProps) {
  if (problem !== '') return <Notice tone="bad">{problem}</Notice>;
  return (
    <>
      <section data-testid="import-services">
        <h3>Comes into the mesh</h3>
        {services.length === 0 && <p className="muted">Nothing: no new service of this file publishes a port.</p>}
        {services.map((service) => (
          <ServiceRow
            key={service.name}
            service={service}
            chosen={!without.has(service.name)}
            onToggle={() => onToggle(service.name)}
          />
        ))}
      </section>
      {left.length > 0 && (
        <section data-testid="import-left">
          <h3>Stays out</h3>
          {left.map(({ name, reason }) => (
            <div key={`${name} ${reason}`} className="import-left">
              <b className="truncate" title={name}>
                {name || 'The file'}
              </b>
              <span>{reason}</span>
            </div>
          ))}
        </section>
      )}
    </>
  );
}

function ServiceRow({ service, chosen, onToggle }: { service: ComposeService; chosen: boolean; onToggle: () => void }) {
  const { name, namedInFile, version, ports, notes } = service;
  const aside = [...(namedInFile ? [`${namedInFile} in the file.`] : []), ...notes].join(' ');
  return (
    <label className="import-row" data-testid={`import-row-${name}`}>
      <input type="checkbox" checked={chosen} onChange={onToggle} />
      <span className="import-name">
        <b className="truncate" title={name}>
          {name}
        </b>
        {version && <span className="muted"> {version}</span>}
      </span>
      <span className="import-ports mono num">
        {ports.map(({ port, protocol, address }) => (
          <span key={port}>
            {protocol}://{name}:{port} <span aria-hidden="true">→</span>
            <span className="visually-hidden">is at</span> {address}
          </span>
        ))}
      </span>
      {aside !== '' && <small>{aside}</small>}
    </label>
  );
}

/** The value once it has stopped changing. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), readAfterMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

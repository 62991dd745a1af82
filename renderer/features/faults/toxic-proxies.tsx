import { Plus, RotateCcw, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { ToxiproxyProxy } from '../../../proxy/api/toxic.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { Badge, Button, Dialog, Field, IconButton, Input, Notice, Panel, Switch, Table, useToasts } from '../../ui/index.ts';
import { ToxicFields, useToxicTypes } from './toxic-fields.tsx';
import { describeToxic, newToxic, toToxic } from './toxic-words.ts';
import './faults.css';

type Act = (title: string, act: () => Promise<unknown>) => Promise<void>;

/** The proxies of the Toxiproxy API, made by its clients or here: the same ones, live. */
export function ToxicProxies() {
  const engine = useEngine();
  const status = useStatus();
  const toasts = useToasts();
  const { paused } = usePreferences();
  const { data, reload } = useCall('listToxiproxyProxies', {}, paused ? undefined : 1000);
  const [dialog, setDialog] = useState<'proxy' | { toxicFor: string } | null>(null);
  const proxies = data?.proxies ?? [];
  const act: Act = async (title, run) => {
    try {
      await run();
    } catch (error) {
      toasts.error(title, error);
    }
    reload();
  };
  const touched = proxies.some(({ enabled, toxics }) => !enabled || toxics.length > 0);
  return (
    <Panel
      title="Toxiproxy"
      hint={proxies.length > 0 ? String(proxies.length) : undefined}
      flush
      actions={
        <span className="row">
          {touched && (
            <Button
              size="small"
              icon={<RotateCcw size={13} />}
              data-testid="toxiproxy-reset"
              onClick={() => void act('The proxies were not reset', () => engine.call('resetToxiproxy'))}
            >
              Reset all
            </Button>
          )}
          <Button size="small" icon={<Plus size={13} />} data-testid="toxiproxy-new" onClick={() => setDialog('proxy')}>
            New proxy
          </Button>
        </span>
      }
    >
      {proxies.length === 0 ? (
        <p className="toxic-none soft">
          TCP proxies with toxics for anything on this machine, a database for example. Toxiproxy’s clients find its API at{' '}
          <span className="mono">{status?.toxiproxy ?? ''}</span>.
        </p>
      ) : (
        <ProxyTable proxies={proxies} act={act} onAddToxic={(name) => setDialog({ toxicFor: name })} />
      )}
      {dialog === 'proxy' && <ProxyDialog onClose={() => setDialog(null)} onDone={reload} />}
      {dialog !== null && dialog !== 'proxy' && (
        <ToxicDialog proxy={dialog.toxicFor} onClose={() => setDialog(null)} onDone={reload} />
      )}
    </Panel>
  );
}

function ProxyTable({
  proxies,
  act,
  onAddToxic,
}: {
  proxies: readonly ToxiproxyProxy[];
  act: Act;
  onAddToxic: (name: string) => void;
}) {
  const engine = useEngine();
  return (
    <Table
      label="Toxic proxies"
      rows={proxies}
      keyOf={(proxy) => proxy.name}
      rowTestId="toxiproxy-row"
      columns={[
        {
          id: 'enabled',
          title: 'State',
          width: '132px',
          cell: (proxy) => (
            <Switch
              checked={proxy.enabled}
              onChange={(enabled) =>
                void act(`${proxy.name} was not switched`, () =>
                  engine.call('changeToxiproxyProxy', { params: { name: proxy.name }, body: { enabled } }),
                )
              }
            >
              <span className="visually-hidden">{proxy.name}: </span>
              {proxy.enabled ? '● listens' : '✖ down'}
            </Switch>
          ),
        },
        { id: 'name', title: 'Proxy', cell: ({ name }) => <b className="mono">{name}</b> },
        { id: 'listen', title: 'Listens on', cell: ({ listen }) => <span className="mono">{listen}</span> },
        { id: 'upstream', title: 'Upstream', cell: ({ upstream }) => <span className="mono">{upstream}</span> },
        {
          id: 'toxics',
          title: 'Toxics',
          cell: (proxy) => <Toxics proxy={proxy} act={act} onAdd={() => onAddToxic(proxy.name)} />,
        },
        {
          id: 'remove',
          title: '',
          align: 'end',
          width: '44px',
          cell: ({ name }) => (
            <IconButton
              size="small"
              label={`Remove ${name}`}
              icon={<Trash2 size={14} />}
              onClick={() => void act(`${name} was not removed`, () => engine.call('deleteToxiproxyProxy', { params: { name } }))}
            />
          ),
        },
      ]}
    />
  );
}

function Toxics({ proxy, act, onAdd }: { proxy: ToxiproxyProxy; act: Act; onAdd: () => void }) {
  const engine = useEngine();
  const remove = (toxic: string) =>
    act(`${toxic} was not removed`, () => engine.call('deleteProxyToxic', { params: { name: proxy.name, toxic } }));
  return (
    <span className="toxic-chips">
      {proxy.toxics.map((toxic) => (
        <span key={toxic.name} className="toxic-chip" title={toxic.name}>
          <Badge tone="fault">⚡ {describeToxic(toxic)}</Badge>
          <IconButton
            size="small"
            label={`Remove ${toxic.name}`}
            icon={<X size={13} />}
            onClick={() => void remove(toxic.name)}
          />
        </span>
      ))}
      <Button size="small" variant="ghost" icon={<Plus size={12} />} aria-label={`Add a toxic to ${proxy.name}`} onClick={onAdd}>
        Toxic
      </Button>
    </span>
  );
}

function ProxyDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const engine = useEngine();
  const [name, setName] = useState('');
  const [listen, setListen] = useState('');
  const [upstream, setUpstream] = useState('');
  const [error, setError] = useState('');
  const create = async () => {
    if (name.trim() === '' || upstream.trim() === '') {
      setError('A proxy needs a name and an upstream, for example 127.0.0.1:5432');
      return;
    }
    const address = listen.trim();
    try {
      await engine.call('addToxiproxyProxy', {
        body: { name: name.trim(), upstream: upstream.trim(), ...(address === '' ? {} : { listen: address }) },
      });
      onDone();
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="New toxic proxy"
      footer={
        <>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="toxiproxy-create" onClick={() => void create()}>
            Create
          </Button>
        </>
      }
    >
      <div className="fault-form">
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
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

function ToxicDialog({ proxy, onClose, onDone }: { proxy: string; onClose: () => void; onDone: () => void }) {
  const engine = useEngine();
  const types = useToxicTypes();
  const [toxic, setToxic] = useState(() => newToxic('latency', types));
  const [name, setName] = useState('');
  const [error, setError] = useState('');
  const add = async () => {
    try {
      const own = name.trim() === '' ? {} : { name: name.trim() };
      await engine.call('addProxyToxic', { params: { name: proxy }, body: { ...toToxic(toxic), ...own } });
      onDone();
      onClose();
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title={`Toxic on ${proxy}`}
      footer={
        <>
          <span className="grow soft">Acts at once, on open connections too.</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="toxiproxy-add-toxic" onClick={() => void add()}>
            Add
          </Button>
        </>
      }
    >
      <div className="fault-form">
        <ToxicFields toxic={toxic} types={types} onChange={setToxic} />
        <Field label="Name" hint="Empty: named after its kind and direction">
          {(ids) => <Input {...ids} value={name} onChange={(e) => setName(e.target.value)} />}
        </Field>
        {error !== '' && <Notice tone="bad">{error}</Notice>}
      </div>
    </Dialog>
  );
}

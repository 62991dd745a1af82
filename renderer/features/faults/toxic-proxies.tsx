import { Plus, RotateCcw, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { ToxiproxyProxy } from '../../../proxy/api/toxic.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { Badge, Button, IconButton, Notice, Panel, Skeleton, Switch, Table, useToasts } from '../../ui/index.ts';
import { ProxyDialog, ToxicDialog } from './toxic-dialogs.tsx';
import { describeToxic } from './toxic-words.ts';
import './faults.css';

type Act = (title: string, act: () => Promise<unknown>) => Promise<void>;

/** The proxies of the Toxiproxy API, made by its clients or here: the same ones, live. */
export function ToxicProxies() {
  const engine = useEngine();
  const status = useStatus();
  const toasts = useToasts();
  const { paused } = usePreferences();
  const { data, error, reload } = useCall('listToxiproxyProxies', {}, paused ? undefined : 1000);
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
      {!data ? (
        error === null ? (
          <Skeleton lines={2} />
        ) : (
          <div className="toxic-none">
            <Notice tone="bad">The proxies cannot be read: {error}</Notice>
          </div>
        )
      ) : proxies.length === 0 ? (
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
        { id: 'name', title: 'Proxy', cell: ({ name }) => <ProxyName name={name} /> },
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

function ProxyName({ name }: { name: string }) {
  return (
    <b className="mono truncate toxic-proxy-name" title={name}>
      {name}
    </b>
  );
}

function Toxics({ proxy, act, onAdd }: { proxy: ToxiproxyProxy; act: Act; onAdd: () => void }) {
  const engine = useEngine();
  const remove = (toxic: string) =>
    act(`${toxic} was not removed`, () => engine.call('deleteProxyToxic', { params: { name: proxy.name, toxic } }));
  return (
    <span className="toxic-chips">
      {proxy.toxics.map((toxic) => (
        <span key={toxic.name} className="toxic-chip" title={`${toxic.name}: ${describeToxic(toxic)}`}>
          <Badge tone="fault">⚡ {describeToxic(toxic, 'short')}</Badge>
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

import { Download, RotateCcw } from 'lucide-react';
import type { ReactNode } from 'react';
import {
  defaultPreferences,
  type Preferences,
  usePreferences,
  usePreferencesStore,
  windows,
  windowWords,
} from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { useAllCommands, useCommandRegistry } from '../../commands/registry.ts';
import { useEngine, useStatus } from '../../engine/use-engine.ts';
import {
  Button,
  CopyButton,
  formatBytes,
  formatCount,
  formatSpan,
  KeyHint,
  Panel,
  Segments,
  Skeleton,
  Table,
  Toolbar,
  useToasts,
} from '../../ui/index.ts';
import { saveText } from '../../ui/save-text.ts';
import { gatherDiagnostics } from './diagnostics.ts';
import { MeshSettings } from './mesh-settings.tsx';
import { Setting } from './setting.tsx';
import './settings.css';

/** What can be set in the app, and what is set elsewhere with the place where. */
export default function SettingsScreen() {
  const store = usePreferencesStore();
  const toasts = useToasts();
  const reset = () => {
    const before = store.getState();
    store.setState(defaultPreferences);
    toasts.show({
      tone: 'ok',
      title: 'Settings of the app are back to their defaults',
      detail: 'The mesh and the engine are as they were.',
      action: { label: 'Undo', run: () => store.setState(before) },
    });
  };
  return (
    <div className="screen">
      <Toolbar title="Settings">
        <span className="grow" />
        <SaveDiagnostics />
        <Button icon={<RotateCcw size={14} />} data-testid="settings-reset" onClick={reset}>
          Reset the app’s settings
        </Button>
      </Toolbar>
      <div className="screen-scroll settings">
        <Appearance />
        <MeshSettings />
        <EngineFacts />
        <Keys />
      </div>
    </div>
  );
}

function Appearance() {
  const preferences = usePreferences();
  const store = usePreferencesStore();
  const set = (change: Partial<Preferences>) => store.setState(change);
  return (
    <Panel title="This app" hint="kept on this machine, at once in force">
      <Setting name="Theme" hint="System follows the desktop’s light or dark.">
        <Segments
          label="Theme"
          value={preferences.theme}
          options={[
            { value: 'system', label: 'System' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
          onChange={(theme) => set({ theme })}
        />
      </Setting>
      <Setting name="Motion" hint="Reduced stops moving edges and transitions. What the system asks for always counts.">
        <Segments
          label="Motion"
          value={preferences.motion}
          options={[
            { value: 'system', label: 'System' },
            { value: 'reduced', label: 'Reduced' },
          ]}
          onChange={(motion) => set({ motion })}
        />
      </Setting>
      <Setting name="Time window" hint="What graphs and rates look back on; also in the bar above.">
        <Segments
          label="Time window of the screens"
          value={preferences.window}
          options={windows.map((value) => ({ value, label: value, title: windowWords(value) }))}
          onChange={(window) => set({ window })}
        />
      </Setting>
    </Panel>
  );
}

function EngineFacts() {
  const status = useStatus();
  if (!status)
    return (
      <Panel title="Engine">
        <Skeleton lines={6} />
      </Panel>
    );
  const addresses: readonly (readonly [name: string, address: string, hint: ReactNode])[] = [
    ['Ingress', status.ingress, <code key="i">spec.ingress.port</code>],
    ['Control API and this page', status.control.url, <code key="c">drydock up --control-port</code>],
    ['Toxiproxy API', status.toxiproxy, <code key="t">drydock up --toxiproxy-port</code>],
    ['OTLP over HTTP', status.otlp.http, 'found free at start; 4318 when it is'],
    ['OTLP over gRPC', status.otlp.grpc, 'found free at start; 4317 when it is'],
  ];
  return (
    <Panel title="Engine" hint={`${status.version} on Node ${status.node}, up for ${formatSpan(status.uptimeSeconds * 1000)}`}>
      {addresses
        .filter(([, address]) => address !== '')
        .map(([name, address, hint]) => (
          <Setting key={name} name={name} hint={hint}>
            <span className="row">
              <span className="mono truncate">{address}</span>
              <CopyButton text={address} label={`Copy the address of ${name}`} />
            </span>
          </Setting>
        ))}
      <Setting name="Requests kept" hint="the oldest go first; recordings stay until you delete them">
        <span className="num">{formatCount(status.counters.exchangesKept ?? 0)}</span> of at most 50,000, or 512 MiB
      </Setting>
      <Setting name="Memory" hint="of the engine’s process">
        <span className="num">{formatBytes(status.memory.rssBytes)}</span>
      </Setting>
      <Setting name="Files in force" hint="followed while the engine runs">
        <span className="col settings-files">
          {status.files.map((file) => (
            <a key={file} className="mono" href={hrefTo('config', { file })}>
              {file}
            </a>
          ))}
        </span>
      </Setting>
    </Panel>
  );
}

function Keys() {
  const registry = useCommandRegistry();
  const commands = useAllCommands().filter((command) => command.keys && (command.when?.(registry.context) ?? true));
  return (
    <Panel title="Keys" hint="other screens add their own; press ? there" flush>
      <Table
        label="Keys"
        rows={commands}
        keyOf={(command) => command.id}
        columns={[
          { id: 'title', title: 'Does', cell: (command) => command.title },
          { id: 'group', title: 'Where', cell: (command) => <span className="soft">{command.group}</span> },
          { id: 'keys', title: 'Keys', align: 'end', cell: (command) => <KeyHint keys={command.keys ?? ''} /> },
          {
            id: 'also',
            title: 'or',
            align: 'end',
            width: '120px',
            cell: (command) => command.alsoKeys && <KeyHint keys={command.alsoKeys} />,
          },
        ]}
      />
    </Panel>
  );
}

function SaveDiagnostics() {
  const engine = useEngine();
  const registry = useCommandRegistry();
  const save = () =>
    registry.run({
      id: 'settings.diagnostics',
      title: 'Export diagnostics',
      group: 'This screen',
      run: async ({ toasts }) => {
        const text = await gatherDiagnostics(engine);
        saveText('drydock-diagnostics.json', text, 'application/json');
        toasts.ok('Diagnostics saved', 'State, configuration and events; no requests, no bodies, no access token.');
      },
    });
  return (
    <Button icon={<Download size={14} />} onClick={save} title="State, configuration and events; no requests, no token">
      Export diagnostics
    </Button>
  );
}

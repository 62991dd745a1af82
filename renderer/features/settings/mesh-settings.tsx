import { useEffect, useRef, useState } from 'react';
import type { MeshSpec } from '../../../proxy/api/mesh.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { ErrorState, Input, NumberField, Panel, Select, Skeleton, useToasts } from '../../ui/index.ts';
import { HealthSettings } from './health-settings.tsx';
import { bodyLimits, otherValues, readNames, withField } from './mesh-values.ts';
import { Setting } from './setting.tsx';
import { UnknownHosts } from './unknown-hosts.tsx';

const restMs = 800;

type SetField = (path: readonly string[], value: unknown) => void;

/** What the mesh's own document says of the whole mesh: the common fields are changed here, live; the file on disk keeps its own. */
export function MeshSettings() {
  const engine = useEngine();
  const toasts = useToasts();
  const { data, error, reload } = useCall('listResourcesOfKind', { params: { kind: 'Mesh' } }, 5000);
  const status = useStatus();
  const mesh = data?.resources.find(({ name }) => name === status?.name) ?? data?.resources[0];
  const spec = (mesh?.spec ?? {}) as Partial<MeshSpec>;
  const set: SetField = async (path, value) => {
    if (!mesh) return;
    try {
      await engine.call('apply', { body: { yaml: withField(mesh.yaml, path, value), file: mesh.source.file } });
      toasts.ok('Applied live', 'The mesh file is unchanged: Config shows what differs.');
    } catch (failure) {
      toasts.error(`spec.${path.join('.')} stays as it was`, failure);
    }
    reload();
  };
  const at = mesh && <a href={hrefTo('config', { object: `Mesh/${mesh.namespace}/${mesh.name}` })}>All of it in Config</a>;
  return (
    <Panel title="Mesh" hint="changed live; the file on disk keeps its own" actions={at}>
      {error && !data ? (
        <ErrorState title="The mesh’s settings cannot be read" message={error} onRetry={reload} />
      ) : !mesh ? (
        <Skeleton lines={5} />
      ) : (
        <>
          <Fields spec={spec} set={set} />
          {otherValues(spec).map(({ name, field, words }) => (
            <Setting key={field} name={name} hint={<code>spec.{field}</code>}>
              {words}
            </Setting>
          ))}
        </>
      )}
    </Panel>
  );
}

function Fields({ spec, set }: { spec: Partial<MeshSpec>; set: SetField }) {
  const limit = spec.capture?.bodyLimitBytes ?? 65_536;
  const redacted = spec.capture?.redact ?? [];
  return (
    <>
      <Setting name="Bodies kept up to" hint={<code>spec.capture.bodyLimitBytes</code>}>
        <Select
          label="Bodies kept up to"
          value={String(limit)}
          options={bodyLimits(limit)}
          onChange={(bytes) => set(['capture', 'bodyLimitBytes'], Number(bytes))}
        />
      </Setting>
      <Setting
        name="Redacted"
        hint={
          <>
            Authorization, cookies, tokens, passwords, API keys and the like always; <code>spec.capture.redact</code> adds names
          </>
        }
      >
        <RedactedNames
          key={redacted.join(' ')}
          names={redacted}
          onChange={(names) => set(['capture', 'redact'], names.length === 0 ? undefined : names)}
        />
      </Setting>
      <Setting name="Traced" hint={<code>spec.tracing.sampling</code>}>
        <Sampling
          key={spec.tracing?.sampling ?? 100}
          value={spec.tracing?.sampling ?? 100}
          onChange={(share) => set(['tracing', 'sampling'], share)}
        />
      </Setting>
      <HealthSettings onChange={(thresholds) => set(['health'], thresholds)} />
      <Setting name="Calls to unknown hosts" hint={<code>spec.outboundTrafficPolicy</code>}>
        <UnknownHosts
          value={spec.outboundTrafficPolicy ?? 'ALLOW_ANY'}
          onChange={(policy) => set(['outboundTrafficPolicy'], policy)}
        />
      </Setting>
    </>
  );
}

function RedactedNames({ names, onChange }: { names: readonly string[]; onChange: (names: string[]) => void }) {
  const [text, setText] = useState(names.join(', '));
  const take = () => {
    const next = readNames(text);
    if (next.join(' ') !== names.join(' ')) onChange(next);
  };
  return (
    <Input
      className="setting-names"
      value={text}
      placeholder="more names, as x-session, iban"
      aria-label="More names to redact"
      data-testid="settings-redact"
      onChange={(event) => setText(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === 'Enter' && take()}
    />
  );
}

/** Taken when it has rested for a moment: half a number is a share too. */
function Sampling({ value, onChange }: { value: number; onChange: (share: number) => void }) {
  const [share, setShare] = useState<number | null>(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    if (share === null || share === value) return;
    const timer = setTimeout(() => latest.current(share), restMs);
    return () => clearTimeout(timer);
  }, [share, value]);
  return (
    <div className="setting-number">
      <NumberField label="Traced, percent of requests" value={share} min={0} max={100} unit="%" onChange={setShare} />
    </div>
  );
}

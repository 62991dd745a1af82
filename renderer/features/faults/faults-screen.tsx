import { ChevronDown, CircleStop, Plus } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useEngine, useFaults, useReading, useStatus } from '../../engine/use-engine.ts';
import { Button, ErrorState, Menu, Notice, plural, Skeleton, Toolbar, useToasts } from '../../ui/index.ts';
import { FindField, searchedFrom, useFind } from '../find-field.tsx';
import { describeFault } from '../topology/edge-faults.ts';
import { FaultDecisions } from './fault-decisions.tsx';
import { FaultDialog } from './fault-dialog.tsx';
import { blankFault, type FaultForm, formOf } from './fault-form.ts';
import { type FaultPreset, presetForm, presets } from './fault-presets.ts';
import { FaultTable } from './fault-table.tsx';
import { PresetCards } from './preset-cards.tsx';
import { ToxicProxies } from './toxic-proxies.tsx';

/** Everything broken on purpose, with what it hit and when it ends; `?to=&from=` opens the form filled in. */
export default function FaultsScreen() {
  const engine = useEngine();
  const faults = useFaults();
  const reading = useReading('faults');
  const status = useStatus();
  const { query } = useRoute();
  const router = useRouter();
  const [form, setForm] = useState<FaultForm | null>(null);
  const find = useFind();
  usePolling(() => void engine.refreshFaults());
  const wanted = query.get('to');
  const opened: FaultForm | null =
    form ??
    (wanted === null ? null : { ...blankFault, to: wanted, from: query.get('from') ?? '', path: query.get('path') ?? '' });
  const found = faults.filter((fault) => find(wordsOf(fault)));
  const shown = faults.find(({ name }) => name === query.get('name'));
  const choose = (preset: FaultPreset) => setForm(presetForm(preset, status?.workloads ?? []));
  const close = () => {
    setForm(null);
    router.setQuery({ to: undefined, from: undefined, path: undefined, method: undefined });
  };
  return (
    <div className="screen">
      <Toolbar title="Faults">
        <div className="grow" />
        {faults.length > 0 && <PresetMenu onChoose={choose} />}
        <StopAll faults={faults} />
        <Button variant="primary" icon={<Plus size={14} />} data-testid="fault-new" onClick={() => setForm(blankFault)}>
          New fault
        </Button>
      </Toolbar>
      <div className="screen-scroll faults-body">
        {!reading.done && reading.error !== null ? (
          <ErrorState title="The faults cannot be read" message={reading.error} onRetry={() => void engine.refreshFaults()} />
        ) : !reading.done ? (
          <Skeleton lines={8} />
        ) : faults.length === 0 ? (
          <PresetCards onChoose={choose} />
        ) : (
          <>
            {faults.length >= searchedFrom && (
              <div className="row faults-find">
                <FindField label="Find a fault" placeholder="Find by name, service or effect" />
                <span className="soft num">
                  {found.length === faults.length ? '' : `${found.length} of `}
                  {plural(faults.length, 'fault')}
                </span>
              </div>
            )}
            <div className="faults-split">
              <FaultTable
                faults={found}
                selected={query.get('name')}
                onSelect={(name) => router.setQuery({ name: name === query.get('name') ? undefined : name })}
                onChange={(fault) => setForm(formOf(fault))}
              />
              {shown && (
                <FaultDecisions
                  key={shown.name}
                  fault={shown}
                  onChange={() => setForm(formOf(shown))}
                  onClose={() => router.setQuery({ name: undefined })}
                />
              )}
            </div>
            <Notice tone="info">
              <b>Upstream</b> faults act in the callee’s sidecar: the caller’s retries, timeout and ejection react, as to a real
              failure. <b>Caller</b> is where Istio’s own fault filter stands: before the router, so nothing reacts; only these
              export as Istio YAML. <b>Toxics</b> disturb bytes below HTTP: on either side the caller reacts to connections that
              break.
            </Notice>
          </>
        )}
        <ToxicProxies />
      </div>
      {opened && <FaultDialog initial={opened} onClose={close} />}
    </div>
  );
}

/** What a fault is found by. */
function wordsOf({ name, spec }: FaultStatus): string {
  return `${name} ${spec.from?.service ?? 'anyone'} ${spec.to.service} ${describeFault(spec)}`;
}

function PresetMenu({ onChoose }: { onChoose: (preset: FaultPreset) => void }) {
  return (
    <Menu
      align="end"
      trigger={
        <Button data-testid="fault-presets">
          Presets <ChevronDown size={14} aria-hidden="true" />
        </Button>
      }
      items={presets.map((preset) => ({ id: preset.id, label: preset.label, onSelect: () => onChoose(preset) }))}
    />
  );
}

function StopAll({ faults }: { faults: readonly FaultStatus[] }) {
  const engine = useEngine();
  const toasts = useToasts();
  const acting = faults.filter((f) => f.state === 'armed' || f.state === 'waiting').length;
  const stop = async () => {
    try {
      await engine.call('stopAllFaults');
      await engine.refreshFaults();
    } catch (error) {
      toasts.error('The faults were not stopped', error);
    }
  };
  return (
    <Button
      variant="danger"
      icon={<CircleStop size={14} />}
      disabled={acting === 0}
      keys="$mod+."
      title={acting === 0 ? 'No fault is armed' : `Switches ${plural(acting, 'fault')} off, from any screen`}
      data-testid="faults-stop-all"
      onClick={() => void stop()}
    >
      Stop all{acting > 0 ? ` (${acting})` : ''}
    </Button>
  );
}

/** Hits and times move while the screen is looked at. */
function usePolling(poll: () => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: one timer for the life of the screen.
  useEffect(() => {
    poll();
    const timer = setInterval(poll, 1000);
    return () => clearInterval(timer);
  }, []);
}

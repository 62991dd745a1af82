import { Pencil, Power, PowerOff, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { useRouter } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { IconButton, useToasts } from '../../ui/index.ts';
import { formOf } from './fault-form.ts';
import { useArmFault } from './use-arm-fault.ts';
import { newestFirst } from './use-estimate.ts';
import { wouldHit } from './would-hit.ts';

/** Off and on again, change, remove. What stands in a file is changed there. */
export function FaultActs({ fault, onChange }: { fault: FaultStatus; onChange: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const router = useRouter();
  const armFault = useArmFault();
  const { name, namespace, spec } = fault;
  const guarded = (act: () => Promise<void>, failure: string) => () =>
    act().catch((error: unknown) => toasts.error(failure, error));
  // Before it acts again, whom it would meet: looked up when somebody reaches for the button, not each second for each row.
  const [known, setKnown] = useState('');
  const estimate = () => {
    if (spec.enabled) return;
    const { hit, seen, seconds } = wouldHit(newestFirst(engine.exchanges), false, formOf(fault));
    setKnown(`: last ${seconds} s it would have hit ${hit} of ${seen} requests`);
  };
  const remove = guarded(async () => {
    await engine.call('deleteFault', { params: { name: `${namespace}~${name}` } });
    await engine.refreshFaults();
  }, `${name} was not removed`);
  const turn = guarded(() => armFault({ name, namespace, spec: { ...spec, enabled: !spec.enabled } }), `${name} was not changed`);
  const change = () => (fault.saved ? router.navigate('config', { object: `Fault/${namespace}/${name}` }) : onChange());
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only keeps the row from being chosen by a click beside a button.
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above.
    <span className="row faults-acts" onClick={(event) => event.stopPropagation()}>
      {!fault.saved && (
        <IconButton
          size="small"
          label={spec.enabled ? `Switch ${name} off` : `Switch ${name} on${known}`}
          onPointerEnter={estimate}
          onFocus={estimate}
          icon={spec.enabled ? <PowerOff size={14} /> : <Power size={14} />}
          data-testid={`fault-turn-${name}`}
          onClick={() => void turn()}
        />
      )}
      <IconButton
        size="small"
        label={fault.saved ? `Change ${name} in its file` : `Change ${name}`}
        icon={<Pencil size={14} />}
        data-testid={`fault-change-${name}`}
        onClick={change}
      />
      <IconButton
        size="small"
        label={`Remove ${name}`}
        icon={<Trash2 size={14} />}
        data-testid={`fault-remove-${name}`}
        onClick={() => void remove()}
      />
    </span>
  );
}

import { FilePen } from 'lucide-react';
import { useState } from 'react';
import { useRouter } from '../../app/router.ts';
import { Button, Code, Dialog, Notice } from '../../ui/index.ts';
import { newFile } from '../config/file-names.ts';
import { keepDraft } from '../config/use-draft.ts';
import { EffectFields } from './effect-fields.tsx';
import { EstimateLine } from './estimate-line.tsx';
import type { FaultForm } from './fault-form.ts';
import { toFaultRequest, toYaml } from './fault-request.ts';
import { PlacementField } from './placement-field.tsx';
import { TargetFields } from './target-fields.tsx';
import { useArmFault } from './use-arm-fault.ts';
import { WhenFields, WhichFields } from './when-fields.tsx';
import './faults.css';

/** A new fault, or one that is there and changed: every field a Fault has, what is needed often first. */
export function FaultDialog({ initial, onClose }: { initial: FaultForm; onClose: () => void }) {
  const router = useRouter();
  const armFault = useArmFault();
  const [form, setForm] = useState(initial);
  const [error, setError] = useState('');
  const change = (part: Partial<FaultForm>) => setForm((before) => ({ ...before, ...part }));
  const made = toFaultRequest(form);
  const arm = async () => {
    if ('problem' in made) return setError(made.problem);
    try {
      await armFault(made.request);
      onClose();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const edit = (yaml: string) => {
    keepDraft(newFile, yaml);
    router.navigate('config', { file: newFile });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      size="wide"
      title={form.original ? `Change ${form.name}` : 'New fault'}
      footer={
        <>
          <span className="grow soft" data-testid="fault-estimate">
            <EstimateLine form={form} />
          </span>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" data-testid="fault-submit" onClick={() => void arm()}>
            {form.original ? 'Arm as changed' : 'Arm'}
          </Button>
        </>
      }
    >
      <div className="fault-form">
        {error !== '' && <Notice tone="bad">{error}</Notice>}
        <TargetFields form={form} change={change} />
        <EffectFields form={form} change={change} />
        <PlacementField form={form} change={change} />
        <details className="fault-more" open={hasConditions(initial) || undefined}>
          <summary>{form.effect === 'toxics' ? 'How often, and when' : 'Only some requests, how often, and when'}</summary>
          <div className="fault-effects">
            {form.effect !== 'toxics' && <WhichFields form={form} change={change} />}
            <WhenFields form={form} change={change} />
          </div>
        </details>
        {'request' in made && (
          <details className="fault-more">
            <summary>As YAML</summary>
            <Code text={toYaml(made.request)} />
            <div className="fault-yaml-actions">
              <Button size="small" icon={<FilePen size={13} />} onClick={() => edit(toYaml(made.request))}>
                Go on in the editor
              </Button>
            </div>
          </details>
        )}
      </div>
    </Dialog>
  );
}

/** What stands under the fold and is set: then the fold is open. */
function hasConditions(form: FaultForm): boolean {
  const texts = [form.method, form.path, form.header, form.query, form.after, form.lasts, form.every];
  return form.original !== null && (texts.join('') !== '' || form.skip > 0 || form.first !== null || form.seed !== null);
}

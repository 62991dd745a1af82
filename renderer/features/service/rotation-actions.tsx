import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import type { RotationAction } from '../../../proxy/api/status.schema.ts';
import { useRouter } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Dialog, IconButton, Menu, Notice, useToasts } from '../../ui/index.ts';
import { asksFirst, type EndpointFacts, possibleActions, rotationWords } from './rotation-words.ts';

/** What a hand can do about one instance: the likeliest as a button, the others in a menu; what takes traffic away says how much first. */
export function RotationActions({ facts }: { facts: EndpointFacts }) {
  const engine = useEngine();
  const router = useRouter();
  const toasts = useToasts();
  const [asking, setAsking] = useState<RotationAction | null>(null);
  const [busy, setBusy] = useState(false);
  const { first, more } = possibleActions(facts);
  const id = facts.workload;
  const change = async (action: RotationAction) => {
    setBusy(true);
    try {
      const { clusters } = await engine.call('rotateWorkload', { params: { id }, body: { action } });
      const said = rotationWords[action];
      if (clusters === 0 && (action === 'eject' || action === 'readmit'))
        toasts.show({ tone: 'info', title: `${id}: ${said.nothing}` });
      else toasts.ok(`${id} ${said.done}`);
    } catch (error) {
      toasts.error(`${id} stays as it was`, error);
    } finally {
      setBusy(false);
      setAsking(null);
    }
  };
  const onLog = () => router.setQuery({ tab: 'logs', instance: id }, { push: true });
  const act = (action: RotationAction) => (asksFirst(action) ? setAsking(action) : void change(action));
  return (
    <span className="endpoint-actions">
      {first && (
        <Button
          size="small"
          disabled={busy}
          data-testid={`endpoint-${first}`}
          title={rotationWords[first].what}
          onClick={() => act(first)}
        >
          {rotationWords[first].label}
        </Button>
      )}
      <Menu
        align="end"
        trigger={<IconButton label={`Actions for ${id}`} size="small" icon={<Ellipsis size={14} />} disabled={busy} />}
        items={[
          ...more.map((action) => ({
            id: action,
            label: `${rotationWords[action].label}: ${rotationWords[action].hint}`,
            onSelect: () => act(action),
          })),
          ...(facts.isRun ? [{ id: 'restart', label: 'Restart: in its log', onSelect: onLog }] : []),
        ]}
      />
      {asking && (
        <Ask action={asking} facts={facts} busy={busy} onClose={() => setAsking(null)} onYes={() => void change(asking)} />
      )}
    </span>
  );
}

function Ask({
  action,
  facts,
  busy,
  onClose,
  onYes,
}: {
  action: RotationAction;
  facts: EndpointFacts;
  busy: boolean;
  onClose: () => void;
  onYes: () => void;
}) {
  const { label, what } = rotationWords[action];
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${label}: ${facts.workload}?`}
      footer={
        <>
          <Button onClick={onClose}>Leave it in</Button>
          <Button variant="danger" disabled={busy} data-testid="rotation-confirm" onClick={onYes}>
            {label}
          </Button>
        </>
      }
    >
      <div className="rotation-ask">
        <p>{facts.traffic}</p>
        <p className="soft">{what}</p>
        {facts.others === 0 && (
          <Notice tone="warn">It is the only one in rotation: calls to the service will get 503 (UH, no healthy host).</Notice>
        )}
      </div>
    </Dialog>
  );
}

import { useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Code, Dialog, formatCount, Notice, plural, useToasts } from '../../ui/index.ts';
import { type MtlsSummary, modeOf, peerAuthentication, shortId, sinceWords } from './mtls.ts';

export type Wanted = 'STRICT' | 'PERMISSIVE';

export interface ModeDialogProps {
  wanted: Wanted;
  summary: MtlsSummary;
  /** The mesh-wide PeerAuthentication there is. */
  wide: Resource | null;
  onClose: () => void;
  onChanged: () => void;
}

const words = {
  STRICT: {
    title: 'Make the mesh strict',
    action: 'Make strict',
    done: 'The mesh is strict',
    detail: 'Calls in plaintext are refused from now on. The files on disk are unchanged.',
  },
  PERMISSIVE: {
    title: 'Make the mesh permissive',
    action: 'Make permissive',
    done: 'The mesh is permissive',
    detail: 'Plaintext is taken again. The files on disk are unchanged.',
  },
} as const;

/** What the whole mesh demands, changed live, after it was said what that means for the traffic that was seen. */
export function ModeDialog({ wanted, summary, wide, onClose, onChanged }: ModeDialogProps) {
  const engine = useEngine();
  const toasts = useToasts();
  const { window } = usePreferences();
  const [running, setRunning] = useState(false);
  const before = modeOf(wide);
  const { title, action, done, detail } = words[wanted];
  const set = async (mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE') => {
    await engine.call('apply', { body: { yaml: peerAuthentication(mode, wide), file: `make-${mode.toLowerCase()}` } });
    onChanged();
  };
  const undo = () =>
    void set(before).then(
      () => toasts.ok(`The mesh demands ${before} again`),
      (error: unknown) => toasts.error('The mesh stays as it is', error),
    );
  const apply = async () => {
    setRunning(true);
    try {
      await set(wanted);
      toasts.show({ tone: 'ok', title: done, detail, action: { label: 'Undo', run: undo } });
      onClose();
    } catch (error) {
      toasts.error('The mesh stays as it was', error);
      setRunning(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            disabled={running}
            data-testid={`make-${wanted.toLowerCase()}-confirm`}
            onClick={() => void apply()}
          >
            {running ? 'Applying…' : action}
          </Button>
        </>
      }
    >
      <div className="col security-strict">
        <Consequence wanted={wanted} summary={summary} since={sinceWords(window)} />
        <p className="soft">
          This applies one object live. It lasts until the engine stops
          {wide && !wide.source.live ? ' or its file is saved again' : ''}; copy it into a file to keep it.
        </p>
        <Code text={peerAuthentication(wanted, wide)} />
      </div>
    </Dialog>
  );
}

/** Whom it hits, counted from the traffic of the window. */
function Consequence({ wanted, summary, since }: { wanted: Wanted; summary: MtlsSummary; since: string }) {
  const { plain, plainRequests, requests } = summary;
  if (wanted === 'PERMISSIVE')
    return (
      <Notice tone="info">
        {formatCount(requests - plainRequests)} of {plural(requests, 'request')} in {since} came over mutual TLS and go on so:
        none of them is changed. Callers without a sidecar, which are refused now, get in again.
      </Notice>
    );
  return (
    <Notice tone={plainRequests > 0 ? 'warn' : 'ok'}>
      <span data-testid="make-strict-count">
        {plainRequests > 0
          ? `${formatCount(plainRequests)} of ${plural(requests, 'request')} in ${since} came in plaintext and would be refused.`
          : `None of ${plural(requests, 'request')} in ${since} came in plaintext: nothing that was seen would be refused.`}
      </span>
      {plain.length > 0 && (
        <ul>
          {plain.map(({ edge, requests: count }) => (
            <li key={edge.id} className="num">
              {shortId(edge.from)} → {shortId(edge.to)}: {formatCount(count)} of {formatCount(edge.count)}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

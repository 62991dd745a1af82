import { Lock, LockOpen, ShieldCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { FirstTraffic } from '../../commands/first-traffic.tsx';
import { useGraph } from '../../engine/use-engine.ts';
import { Button, EmptyState, formatCount, Notice, Panel, plural, Stat } from '../../ui/index.ts';
import { FindField, searchedFrom, useFind } from '../find-field.tsx';
import { ModeDialog, type Wanted } from './mode-dialog.tsx';
import { callsInto, type Mode, type MtlsSummary, meshWide, modeOf, narrower, summariseMtls } from './mtls.ts';
import { ProtectedEdges } from './protected-edges.tsx';

/** Which calls are mutual TLS now, what the mesh demands, and one button between the two. */
export function EdgesTab({ resources, onChanged }: { resources: readonly Resource[]; onChanged: () => void }) {
  const graph = useGraph();
  const { window } = usePreferences();
  const [asking, setAsking] = useState<Wanted | null>(null);
  const summary = summariseMtls(graph);
  const wide = meshWide(resources);
  const mode = modeOf(wide);
  const edges = callsInto(graph);
  const find = useFind();
  const shown = edges.filter((edge) => find(edge.from, edge.to));
  return (
    <>
      <Panel>
        <div className="security-head">
          <Stat label="Demanded, mesh-wide" value={mode} tone={mode === 'STRICT' ? 'ok' : 'warn'} />
          <Stat
            label={`Edges all mutual TLS, ${window === 'run' ? 'this run' : `last ${window}`}`}
            value={`${summary.secure} of ${summary.edges}`}
          />
          <Stat
            label="Requests in plaintext"
            value={<PlainRequests summary={summary} />}
            tone={summary.plainRequests > 0 ? 'warn' : undefined}
          />
          <span className="grow" />
          <ModeButton mode={mode} wide={wide} onAsk={setAsking} />
        </div>
        <p className="soft security-words" data-testid="mtls-words">
          {modeWords(mode, summary)}
        </p>
        <Narrower policies={narrower(resources)} />
      </Panel>
      <Panel
        title="Calls into the mesh"
        hint={shown.length < edges.length ? `${shown.length} of ${edges.length}` : undefined}
        flush
        actions={edges.length >= searchedFrom && <FindField label="Find a call" placeholder="Find by caller or callee" />}
      >
        {edges.length === 0 ? (
          <EmptyState icon={Lock} title="No call in this time" actions={<FirstTraffic />}>
            Calls between services are mutual TLS by themselves as soon as both have a sidecar. Send some traffic to see it.
          </EmptyState>
        ) : (
          <div className="security-table">
            <ProtectedEdges edges={shown} />
          </div>
        )}
      </Panel>
      {asking && (
        <ModeDialog wanted={asking} summary={summary} wide={wide} onClose={() => setAsking(null)} onChanged={onChanged} />
      )}
    </>
  );
}

function PlainRequests({ summary: { plainRequests } }: { summary: MtlsSummary }) {
  if (plainRequests === 0) return '0';
  return <a href={hrefTo('requests', { hops: 'all', filter: 'mtls:no' })}>{formatCount(plainRequests)}</a>;
}

function modeWords(mode: Mode, { secure, edges }: MtlsSummary): ReactNode {
  if (mode === 'STRICT') return <>✓ STRICT: a sidecar refuses every call that does not prove who makes it.</>;
  if (mode === 'DISABLE') return <>▲ DISABLE: no call is encrypted, and no policy can tell who calls.</>;
  return (
    <>
      ▲ PERMISSIVE: {secure} of {plural(edges, 'edge')} mTLS. Plaintext is taken too, so a policy that asks who calls can be
      walked around by a caller without a sidecar.
    </>
  );
}

/** What was applied live is taken out again; what a file says is changed there. */
function ModeButton({ mode, wide, onAsk }: { mode: Mode; wide: Resource | null; onAsk: (wanted: Wanted) => void }) {
  if (mode !== 'STRICT')
    return (
      <Button variant="primary" icon={<ShieldCheck size={14} />} data-testid="make-strict" onClick={() => onAsk('STRICT')}>
        Make strict…
      </Button>
    );
  if (!wide?.source.live)
    return (
      <a className="dd-button" data-variant="default" data-size="medium" href={hrefTo('config', { file: wide?.source.file })}>
        Change it in its file
      </a>
    );
  return (
    <Button icon={<LockOpen size={14} />} data-testid="make-permissive" onClick={() => onAsk('PERMISSIVE')}>
      Back to PERMISSIVE…
    </Button>
  );
}

function Narrower({ policies }: { policies: readonly Resource[] }) {
  if (policies.length === 0) return null;
  return (
    <Notice tone="info">
      Narrower than the mesh, and stronger there:{' '}
      {policies.map((one, at) => (
        <span key={`${one.namespace}/${one.name}`}>
          {at > 0 && ', '}
          <a href={hrefTo('config', { object: `PeerAuthentication/${one.namespace}/${one.name}` })}>
            {one.namespace}/{one.name}
          </a>{' '}
          ({modeOf(one)})
        </span>
      ))}
      .
    </Notice>
  );
}

import { Lock, LockOpen, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine, useGraph } from '../../engine/use-engine.ts';
import {
  Badge,
  Button,
  Code,
  Dialog,
  EmptyState,
  formatCount,
  formatShare,
  Notice,
  Panel,
  plural,
  Stat,
  Table,
  useToasts,
} from '../../ui/index.ts';
import { callsInto, type MtlsSummary, meshWide, modeOf, narrower, peerAuthentication, shortId, summariseMtls } from './mtls.ts';

/** Which calls are mutual TLS now, what the mesh demands, and one button between the two. */
export function EdgesTab({ resources, onChanged }: { resources: readonly Resource[]; onChanged: () => void }) {
  const graph = useGraph();
  const { window } = usePreferences();
  const [asking, setAsking] = useState(false);
  const summary = summariseMtls(graph);
  const wide = meshWide(resources);
  const mode = modeOf(wide);
  const edges = callsInto(graph);
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
            value={formatCount(summary.plainRequests)}
            tone={summary.plainRequests > 0 ? 'warn' : undefined}
          />
          <span className="grow" />
          {mode === 'STRICT' ? (
            <BackToPermissive wide={wide} onChanged={onChanged} />
          ) : (
            <Button variant="primary" icon={<ShieldCheck size={14} />} data-testid="make-strict" onClick={() => setAsking(true)}>
              Make strict…
            </Button>
          )}
        </div>
        <p className="soft security-words" data-testid="mtls-words">
          {mode === 'STRICT' ? (
            <>✓ STRICT: a sidecar refuses every call that does not prove who makes it.</>
          ) : mode === 'DISABLE' ? (
            <>▲ DISABLE: no call is encrypted, and no policy can tell who calls.</>
          ) : (
            <>
              ▲ PERMISSIVE: {summary.secure} of {plural(summary.edges, 'edge')} mTLS. Plaintext is taken too, so a policy that
              asks who calls can be walked around by a caller without a sidecar.
            </>
          )}
        </p>
        {narrower(resources).length > 0 && (
          <Notice tone="info">
            Narrower than the mesh, and stronger there:{' '}
            {narrower(resources).map((one, at) => (
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
        )}
      </Panel>
      <Panel title="Calls into the mesh" flush>
        {edges.length === 0 ? (
          <EmptyState icon={Lock} title="No call in this time">
            Calls between services are mutual TLS by themselves as soon as both have a sidecar. Send some traffic to see it.
          </EmptyState>
        ) : (
          <Table
            label="Calls and how they are protected"
            rows={edges}
            keyOf={(edge) => edge.id}
            columns={[
              { id: 'from', title: 'From', cell: (edge) => shortId(edge.from) },
              { id: 'to', title: 'To', cell: (edge) => <b>{shortId(edge.to)}</b> },
              { id: 'mtls', title: 'Protected by', cell: (edge) => <Protection edge={edge} /> },
              {
                id: 'count',
                title: 'Requests',
                align: 'end',
                cell: (edge) => (
                  <a className="num" href={hrefTo('requests', { filter: `${sourceTerm(edge)}dest:${shortId(edge.to)}` })}>
                    {formatCount(edge.count)}
                  </a>
                ),
              },
              {
                id: 'plain',
                title: 'In plaintext',
                align: 'end',
                cell: (edge) =>
                  edge.mtlsShare === 1 ? (
                    <span className="muted">0</span>
                  ) : (
                    <a
                      className="num"
                      href={hrefTo('requests', { hops: 'all', filter: `${sourceTerm(edge)}dest:${shortId(edge.to)} mtls:no` })}
                    >
                      {formatCount(Math.round(edge.count * (1 - edge.mtlsShare)))}
                    </a>
                  ),
              },
            ]}
          />
        )}
      </Panel>
      {asking && <StrictDialog summary={summary} wide={wide} onClose={() => setAsking(false)} onChanged={onChanged} />}
    </>
  );
}

const sourceTerm = (edge: GraphEdge) => `src:${shortId(edge.from)} `;

function Protection({ edge }: { edge: GraphEdge }) {
  if (edge.mtlsShare === 1)
    return (
      <Badge tone="ok" icon={<Lock size={11} aria-hidden="true" />}>
        mutual TLS
      </Badge>
    );
  return (
    <Badge tone="warn" icon={<LockOpen size={11} aria-hidden="true" />}>
      {edge.mtlsShare === 0 ? 'plaintext' : `${formatShare(edge.mtlsShare)} mutual TLS`}
    </Badge>
  );
}

function StrictDialog({
  summary,
  wide,
  onClose,
  onChanged,
}: {
  summary: MtlsSummary;
  wide: Resource | null;
  onClose: () => void;
  onChanged: () => void;
}) {
  const engine = useEngine();
  const toasts = useToasts();
  const { window } = usePreferences();
  const [running, setRunning] = useState(false);
  const yaml = peerAuthentication('STRICT', wide);
  const since = window === 'run' ? 'this run' : `the last ${window}`;
  const apply = async () => {
    setRunning(true);
    try {
      await engine.call('apply', { body: { yaml, file: 'make-strict' } });
      toasts.ok('The mesh is strict', 'Calls in plaintext are refused from now on. The files on disk are unchanged.');
      onChanged();
      onClose();
    } catch (error) {
      toasts.error('The mesh stays as it was', error);
    } finally {
      setRunning(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Make the mesh strict"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabled={running} data-testid="make-strict-confirm" onClick={() => void apply()}>
            {running ? 'Applying…' : 'Make strict'}
          </Button>
        </>
      }
    >
      <div className="col security-strict">
        <Notice tone={summary.plainRequests > 0 ? 'warn' : 'ok'}>
          <span data-testid="make-strict-count">
            {summary.plainRequests > 0
              ? `${formatCount(summary.plainRequests)} of ${plural(summary.requests, 'request')} in ${since} came in plaintext and would be refused.`
              : `None of ${plural(summary.requests, 'request')} in ${since} came in plaintext: nothing that was seen would be refused.`}
          </span>
          {summary.plain.length > 0 && (
            <ul>
              {summary.plain.map(({ edge, requests }) => (
                <li key={edge.id} className="num">
                  {shortId(edge.from)} → {shortId(edge.to)}: {formatCount(requests)} of {formatCount(edge.count)}
                </li>
              ))}
            </ul>
          )}
        </Notice>
        <p className="soft">
          This applies one object live. It lasts until the engine stops
          {wide && !wide.source.live ? ' or its file is saved again' : ''}; copy it into a file to keep it.
        </p>
        <Code text={yaml} />
      </div>
    </Dialog>
  );
}

/** What was applied live is taken out again; what a file says is changed there. */
function BackToPermissive({ wide, onChanged }: { wide: Resource | null; onChanged: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  if (!wide) return null;
  if (!wide.source.live)
    return (
      <a className="dd-button" data-variant="default" data-size="medium" href={hrefTo('config', { file: wide.source.file })}>
        Change it in its file
      </a>
    );
  const back = async () => {
    try {
      await engine.call('apply', { body: { yaml: peerAuthentication('PERMISSIVE', wide), file: 'make-permissive' } });
      toasts.ok('The mesh is permissive', 'Plaintext is taken again.');
      onChanged();
    } catch (error) {
      toasts.error('The mesh stays strict', error);
    }
  };
  return (
    <Button icon={<LockOpen size={14} />} data-testid="make-permissive" onClick={() => void back()}>
      Back to PERMISSIVE
    </Button>
  );
}

import type { ReactNode } from 'react';
import type { Graph } from '../../proxy/api/observability.schema.ts';
import type { Status } from '../../proxy/api/status.schema.ts';
import type { StreamState } from '../engine/stream.ts';
import { useGraph, useStatus, useStreamState } from '../engine/use-engine.ts';
import { screens } from '../features/index.ts';
import { formatMs, formatRate, formatShare, plural } from '../ui/format.ts';
import { StatusDot, type Tone } from '../ui/surface.tsx';
import { usePreferences } from './preferences.ts';
import { hrefTo, type QueryChange } from './router.ts';

/** The mesh in one line: engine, traffic, mutual TLS, own cost, ejected hosts, problems. */
export function StatusBar() {
  const status = useStatus();
  const graph = useGraph();
  const stream = useStreamState();
  const { paused } = usePreferences();
  const rate = graph?.edges.reduce((sum, edge) => sum + edge.rate, 0) ?? 0;
  const mtls = rate > 0 && graph ? graph.edges.reduce((sum, edge) => sum + edge.rate * edge.mtlsShare, 0) / rate : null;
  const [tone, words] = engineWords(stream, status);
  // Numbers of an engine that does not answer are not what is: the screens say that they are from before, this line says now.
  const live = stream.phase === 'live';
  return (
    <footer className="status-bar num" data-testid="status-bar">
      <StatusDot tone={tone}>{words}</StatusDot>
      {paused && <StatusDot tone="warn">View paused</StatusDot>}
      {live && <LinkTo screen="requests">{formatRate(rate)} req/s</LinkTo>}
      {live && mtls !== null && <LinkTo screen="security">mTLS {formatShare(mtls)}</LinkTo>}
      {live && status?.hopOverheadMs && (
        <span title="Added latency of one hop, measured: median and 99th percentile">
          hop +{formatMs(status.hopOverheadMs.p50)} · p99 {formatMs(status.hopOverheadMs.p99)}
        </span>
      )}
      {live && graph && <Ejected edges={graph.edges} />}
      <span className="grow" />
      {live &&
        status?.problems.map((problem) => (
          <span key={problem} className="truncate tone-warn tone-text status-problem" title={problem}>
            ▲ {problem}
          </span>
        ))}
      {live && status && <Diagnostics diagnostics={status.diagnostics} />}
      {status && <span className="muted status-ingress">ingress {status.ingress.replace(/^https?:\/\//, '')}</span>}
    </footer>
  );
}

function engineWords({ phase }: StreamState, status: Status | null): [Tone, string] {
  if (phase === 'live') return status?.health === 'degraded' ? ['warn', 'Engine degraded'] : ['ok', 'Engine running'];
  if (phase === 'silent') return ['warn', 'Engine silent'];
  if (phase === 'absent') return ['bad', 'No engine'];
  return ['warn', phase === 'connecting' ? 'Connecting' : 'Reconnecting'];
}

/** Hosts that outlier detection has taken out now; the edge with most of them explains why. */
function Ejected({ edges }: { edges: Graph['edges'] }) {
  const ejected = edges.reduce((sum, edge) => sum + edge.ejected, 0);
  if (ejected === 0) return <span className="muted">no host ejected</span>;
  const worst = edges.reduce((most, edge) => (edge.ejected > most.ejected ? edge : most));
  return (
    <LinkTo screen="topology" query={{ edge: worst.id }}>
      <StatusDot tone="warn">{plural(ejected, 'host')} ejected</StatusDot>
    </LinkTo>
  );
}

/** What the engine has to say of the configuration; the file that the first of the worst is about. */
function Diagnostics({ diagnostics }: Pick<Status, 'diagnostics'>) {
  const of = (severity: 'error' | 'warning') => diagnostics.filter((diagnostic) => diagnostic.severity === severity);
  const [errors, warnings] = [of('error'), of('warning')];
  if (errors.length + warnings.length === 0) return <LinkTo screen="config">✓ config</LinkTo>;
  return (
    <>
      {errors.length > 0 && (
        <LinkTo screen="config" query={{ file: errors[0]?.file }}>
          <StatusDot tone="bad">{plural(errors.length, 'config error')}</StatusDot>
        </LinkTo>
      )}
      {warnings.length > 0 && (
        <LinkTo screen="config" query={{ file: warnings[0]?.file }}>
          <StatusDot tone="warn">{plural(warnings.length, 'config warning')}</StatusDot>
        </LinkTo>
      )}
    </>
  );
}

/** A number leads to the screen that explains it. */
function LinkTo({ screen, query, children }: { screen: string; query?: QueryChange; children: ReactNode }) {
  if (!screens.some(({ id }) => id === screen)) return <span>{children}</span>;
  return (
    <a className="status-link" href={hrefTo(screen, query)}>
      {children}
    </a>
  );
}

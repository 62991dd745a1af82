import type { ReactNode } from 'react';
import { useGraph, useStatus, useStreamState } from '../engine/use-engine.ts';
import { screens } from '../features/index.ts';
import { formatMs, formatRate, formatShare, plural } from '../ui/format.ts';
import { StatusDot, type Tone } from '../ui/surface.tsx';
import { usePreferences } from './preferences.ts';
import { hrefTo } from './router.ts';

/** The mesh in one line: engine, traffic, mutual TLS, ejections, problems. */
export function StatusBar() {
  const status = useStatus();
  const graph = useGraph();
  const stream = useStreamState();
  const { paused } = usePreferences();
  const rate = graph?.edges.reduce((sum, edge) => sum + edge.rate, 0) ?? 0;
  const mtls = rate > 0 && graph ? graph.edges.reduce((sum, edge) => sum + edge.rate * edge.mtlsShare, 0) / rate : null;
  const ejected = graph?.edges.reduce((sum, edge) => sum + edge.ejected, 0) ?? 0;
  const errors = status?.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length ?? 0;
  const warnings = status?.diagnostics.filter((diagnostic) => diagnostic.severity === 'warning').length ?? 0;
  const [tone, words]: [Tone, string] =
    stream.phase === 'live'
      ? status?.health === 'degraded'
        ? ['warn', 'Engine degraded']
        : ['ok', 'Engine running']
      : stream.phase === 'absent'
        ? ['bad', 'No engine']
        : ['warn', stream.phase === 'connecting' ? 'Connecting' : 'Reconnecting'];
  return (
    <footer className="status-bar num" data-testid="status-bar">
      <StatusDot tone={tone}>{words}</StatusDot>
      {paused && <StatusDot tone="warn">View paused</StatusDot>}
      <LinkTo screen="requests">{formatRate(rate)} req/s</LinkTo>
      {mtls !== null && <LinkTo screen="security">mTLS {formatShare(mtls)}</LinkTo>}
      {status?.hopOverheadMs && (
        <span title="Added latency of one hop, measured: median and 99th percentile">
          hop +{formatMs(status.hopOverheadMs.p50)} · p99 {formatMs(status.hopOverheadMs.p99)}
        </span>
      )}
      {ejected > 0 && (
        <LinkTo screen="topology">
          <StatusDot tone="warn">{plural(ejected, 'host')} ejected</StatusDot>
        </LinkTo>
      )}
      <span className="grow" />
      {status?.problems.map((problem) => (
        <span key={problem} className="truncate tone-warn tone-text" title={problem}>
          ▲ {problem}
        </span>
      ))}
      {errors > 0 && (
        <LinkTo screen="config">
          <StatusDot tone="bad">{plural(errors, 'config error')}</StatusDot>
        </LinkTo>
      )}
      {warnings > 0 && (
        <LinkTo screen="config">
          <StatusDot tone="warn">{plural(warnings, 'config warning')}</StatusDot>
        </LinkTo>
      )}
      {status && <span className="muted status-ingress">ingress {status.ingress.replace(/^https?:\/\//, '')}</span>}
    </footer>
  );
}

/** A number leads to the screen that explains it. */
function LinkTo({ screen, children }: { screen: string; children: ReactNode }) {
  if (!screens.some(({ id }) => id === screen)) return <span>{children}</span>;
  return (
    <a className="status-link" href={hrefTo(screen)}>
      {children}
    </a>
  );
}

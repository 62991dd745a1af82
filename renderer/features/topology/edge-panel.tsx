import { ArrowLeftRight, Box, Lock, LockOpen, X } from 'lucide-react';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, formatCount, formatShare, IconButton, plural } from '../../ui/index.ts';
import { FaultSection } from './fault-section.tsx';
import { RedNumbers } from './numbers.tsx';
import { requestsHref } from './request-links.ts';
import { shortName } from './short-name.ts';
import { SplitSection } from './split-section.tsx';
import { StandInSection } from './stand-in-section.tsx';

/** Everything about the calls from one service to another, and the quickest way to break them. */
export function EdgePanel({ edge, target, onClose }: { edge: GraphEdge; target: GraphNode | undefined; onClose: () => void }) {
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
  const hasService = target?.kind === 'service';
  return (
    <aside className="topo-panel" aria-label={`Calls from ${from} to ${to}`} data-testid="edge-panel">
      <header className="topo-panel-head">
        <div className="grow">
          <h2 className="topo-panel-title">
            {from} <span aria-hidden="true">→</span>
            <span className="visually-hidden">to</span> {to}
          </h2>
          <div className="topo-panel-sub">
            {edge.protocol && <Badge>{edge.protocol}</Badge>}
            {edge.inferred ? <Badge>◌ inferred</Badge> : <MtlsBadge share={edge.mtlsShare} />}
          </div>
        </div>
        <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="topo-panel-body">
        <section className="topo-section">
          <RedNumbers red={edge} ends={edge} />
        </section>
        {edge.inferred ? (
          <p className="muted">
            Known from spans that {from} sent: no sidecar sees these calls, so nothing can be injected into them or shifted.
          </p>
        ) : (
          <>
            <Signals edge={edge} />
            <FaultSection edge={edge} injectable={hasService} />
            <SplitSection edge={edge} target={target} />
          </>
        )}
        {!edge.inferred && hasService && target.protocol !== 'tcp' && (
          <StandInSection service={edge.to} from={edge.from === 'outside' ? null : from} />
        )}
        <section className="topo-section topo-actions">
          <a className="dd-button" data-variant="default" data-size="medium" href={requestsHref(edge)}>
            <ArrowLeftRight size={13} aria-hidden="true" /> {edge.inferred ? 'Traces' : 'Requests'}
          </a>
          {hasService && (
            <a className="dd-button" data-variant="default" data-size="medium" href={hrefTo('service', { name: edge.to })}>
              <Box size={13} aria-hidden="true" /> Open {to}
            </a>
          )}
        </section>
      </div>
    </aside>
  );
}

function MtlsBadge({ share }: { share: number }) {
  if (share >= 0.999)
    return (
      <Badge tone="ok" icon={<Lock size={11} />}>
        mutual TLS
      </Badge>
    );
  return (
    <Badge tone="warn" icon={<LockOpen size={11} />}>
      {share > 0 ? `mutual TLS on ${formatShare(share)}` : 'plain text'}
    </Badge>
  );
}

/** What the caller's sidecar did about failures; each leads to its requests. */
function Signals({ edge }: { edge: GraphEdge }) {
  const signals = [
    edge.ejected > 0 && {
      text: `✖ ${plural(edge.ejected, 'host')} ejected`,
      tone: 'bad' as const,
      href: hrefTo('service', { name: edge.to }),
    },
    edge.overflows > 0 && {
      text: `✖ Overflow ${formatCount(edge.overflows)}`,
      tone: 'bad' as const,
      href: requestsHref(edge, 'flag:UO'),
    },
    edge.timeouts > 0 && {
      text: `▲ ${plural(edge.timeouts, 'timeout')}`,
      tone: 'warn' as const,
      href: requestsHref(edge, 'flag:UT'),
    },
    edge.retryRatio > 0 && {
      text: `↻ ${edge.retryRatio.toFixed(2)} retries per request`,
      tone: 'warn' as const,
      href: requestsHref(edge, 'tries>1'),
    },
    edge.open !== undefined &&
      edge.open > 0 && {
        text: `● ${edge.open} open now`,
        tone: 'accent' as const,
        href: requestsHref(edge, 'open:yes'),
      },
    edge.mirrors !== undefined &&
      edge.mirrors.length > 0 && {
        text: `⧉ copied to ${edge.mirrors.map(shortName).join(', ')}`,
        tone: 'info' as const,
        href: requestsHref({ from: edge.from, to: edge.mirrors[0] }),
      },
    edge.faultHits > 0 && {
      text: `⚡ ${plural(edge.faultHits, 'request')} met a fault`,
      tone: 'fault' as const,
      href: requestsHref(edge, 'fault:*'),
    },
  ].filter((signal) => signal !== false);
  if (signals.length === 0) return null;
  return (
    <section className="topo-section">
      <h3>What happened</h3>
      <div className="topo-signals">
        {signals.map(({ text, tone, href }) => (
          <a key={text} href={href}>
            <Badge tone={tone}>{text}</Badge>
          </a>
        ))}
      </div>
    </section>
  );
}

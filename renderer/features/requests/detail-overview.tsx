import { Lock, LockOpen, Zap } from 'lucide-react';
import { useMemo } from 'react';
import type { Exchange, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { isOtherHop } from '../../../proxy/api/same-call.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Badge, Facts, formatBytes, formatClock, formatMs, Notice } from '../../ui/index.ts';
import { describeDraw, describeRule } from './decision-words.ts';
import { explainFlags } from './response-flags.ts';

export function OverviewTab({ detail }: { detail: ExchangeDetail }) {
  const flags = explainFlags(detail.flags);
  return (
    <div className="request-tab">
      {flags.map(({ flag, title, look }) => (
        <Notice key={flag} tone={detail.status >= 500 || detail.status === 0 ? 'bad' : 'warn'}>
          <strong className="mono">{flag}</strong> {title}. <span className="soft">{look}</span>
        </Notice>
      ))}
      <Faults faults={detail.faults} />
      {detail.decision && (
        <p className="request-sentence">
          {describeRule(detail.decision)} {detail.decision.shares.length > 1 && describeDraw(detail.decision)}
        </p>
      )}
      <Stages detail={detail} />
      <DetailFacts detail={detail} />
      <OtherSide exchange={detail} />
    </div>
  );
}

function Faults({ faults }: Pick<ExchangeDetail, 'faults'>) {
  return faults.map((fault) => (
    <div key={`${fault.name} ${fault.effect}`} className="dd-notice tone-fault">
      <Zap size={14} aria-hidden="true" />
      <div>
        Fault <a href={hrefTo('faults', { name: fault.name })}>{fault.name}</a>: {fault.effect}
        {fault.delayMs !== undefined && ` of ${formatMs(fault.delayMs)}`}
        {fault.status !== undefined && ` with ${fault.status}`}, on the {fault.side === 'server' ? 'destination’s' : 'caller’s'}{' '}
        side.
      </div>
    </div>
  ));
}

function DetailFacts({ detail }: { detail: ExchangeDetail }) {
  return (
    <Facts
      rows={[
        ['Time', formatClock(detail.time)],
        ['Duration', formatMs(detail.durationMs)],
        ['Source', who(detail.sourceNamespace, detail.source, detail.sourceVersion, detail.sourceWorkload)],
        [
          'Destination',
          who(detail.destinationNamespace, detail.destination, detail.destinationVersion, detail.destinationWorkload),
        ],
        [
          'Authority',
          <span className="mono" key="a">
            {detail.authority}
          </span>,
        ],
        ['Endpoint', detail.endpoint && <span className="mono">{detail.endpoint}</span>],
        ['Cluster', detail.cluster && <span className="mono">{detail.cluster}</span>],
        ['Route', detail.route],
        ['Details', detail.details && <span className="mono">{detail.details}</span>],
        ['Protocol', detail.grpcStatus === undefined ? detail.protocol : `${detail.protocol}, grpc-status ${detail.grpcStatus}`],
        [
          'Transport',
          detail.mtls ? (
            <Badge key="m" tone="ok" icon={<Lock size={11} />}>
              Mutual TLS
            </Badge>
          ) : (
            <Badge key="m" tone="warn" icon={<LockOpen size={11} />}>
              Plaintext
            </Badge>
          ),
        ],
        ['Peer', detail.peer.spiffeId && <span className="mono">{detail.peer.spiffeId}</span>],
        ['Sizes', `${formatBytes(detail.requestBytes)} sent, ${formatBytes(detail.responseBytes)} received`],
        ['Request id', detail.requestId && <span className="mono">{detail.requestId}</span>],
        [
          'Redacted',
          detail.redacted.length === 0 ? (
            ''
          ) : (
            <span key="r" className="mono">
              {detail.redacted.join(', ')}
            </span>
          ),
        ],
      ]}
    />
  );
}

function who(namespace: string, service: string, version: string, workload: string): string {
  if (service === '') return '';
  const name = namespace && namespace !== 'default' ? `${namespace}/${service}` : service;
  return [name, version, workload && `(${workload})`].filter(Boolean).join(' ');
}

/** Where the time went: one bar per stage of the request path, in the order a request meets them. */
function Stages({ detail }: { detail: ExchangeDetail }) {
  const total = Math.max(detail.durationMs, ...detail.timeline.map((stage) => stage.startMs + stage.durationMs), 0.001);
  if (detail.timeline.length === 0) return null;
  return (
    <section aria-label="Stages">
      <h3>Stages</h3>
      <ul className="request-stages num">
        {detail.timeline.map((stage) => (
          <li key={`${stage.stage} ${stage.startMs}`}>
            <span className="truncate">{stage.stage}</span>
            <span className="request-bar-track">
              <i
                className={stage.stage.includes('fault') ? 'tone-fault' : 'tone-accent'}
                style={{ left: `${(stage.startMs / total) * 100}%`, width: `${(stage.durationMs / total) * 100}%` }}
              />
            </span>
            <span>{formatMs(stage.durationMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const nearby = 4000;

/** The same call as the other sidecar saw it, when the ring still has it. */
function OtherSide({ exchange }: { exchange: Exchange }) {
  const { exchanges } = useEngine();
  const other = useMemo(() => {
    const { first, end } = exchanges.get();
    let looked = 0;
    for (let number = end - 1; number >= first && looked < nearby * 3; number--, looked++) {
      const candidate = exchanges.at(number);
      if (candidate && isOtherHop(exchange, candidate)) return candidate;
    }
    return null;
  }, [exchanges, exchange]);
  if (!other) return null;
  const [near, far] = exchange.reporter === 'destination' ? [other, exchange] : [exchange, other];
  return (
    <section aria-label="Both sides">
      <h3>Both sides of the call</h3>
      <p className="num request-sentence">
        The {near.reporter === 'gateway' ? 'gateway' : 'caller’s sidecar'} counted {formatMs(near.durationMs)}, the destination’s{' '}
        {formatMs(far.durationMs)}; {formatMs(Math.max(0, near.durationMs - far.durationMs))} lie between them
        {near.attempts.length > 1 ? ', earlier attempts included' : ''}.{' '}
        <a href={hrefTo('requests', { id: other.id, hops: 'all' })}>Show the other side</a>
      </p>
    </section>
  );
}

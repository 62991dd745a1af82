import { LockOpen, Zap } from 'lucide-react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { type Column, formatClock, formatMsNumber, type Tone } from '../../ui/index.ts';
import { OpenFor } from './open-for.tsx';
import { explainFlags } from './response-flags.ts';

/** The columns that fit into this many pixels; what is left out is in the detail. */
export function columnsFor(width: number): Column<Exchange>[] {
  const wide = width === 0 || width >= 980;
  const medium = width >= 600;
  return [
    {
      id: 'time',
      title: 'Time',
      width: wide ? '88px' : '56px',
      cell: (x) => <span className="num muted">{formatClock(x.time, wide)}</span>,
    },
    {
      id: 'method',
      title: 'Method',
      width: wide ? '52px' : '44px',
      cell: (x) => <span className="requests-method">{x.method}</span>,
    },
    {
      id: 'path',
      title: 'Path',
      width: wide ? 'minmax(110px, 1.7fr)' : 'minmax(80px, 1fr)',
      cell: (x) => (
        <span className="mono" title={x.path}>
          {x.path}
        </span>
      ),
    },
    {
      id: 'edge',
      title: medium ? 'Source → destination' : 'Destination',
      width: wide ? 'minmax(130px, 1.3fr)' : medium ? 'minmax(140px, 1.35fr)' : 'minmax(80px, 0.8fr)',
      cell: (x) => <Edge exchange={x} source={medium} version={wide || !medium} />,
    },
    { id: 'code', title: 'Code', width: '50px', cell: (x) => <StatusCode exchange={x} /> },
    {
      id: 'ms',
      title: 'ms',
      width: '46px',
      align: 'end',
      cell: (x) => (x.open ? <OpenFor since={x.time} /> : formatMsNumber(x.durationMs)),
    },
    ...(medium
      ? [
          {
            id: 'tries',
            title: 'Tries',
            width: '34px',
            align: 'end' as const,
            cell: (x: Exchange) => <Tries count={x.attempts.length} />,
          },
        ]
      : []),
    { id: 'flags', title: 'Flags', width: wide ? '72px' : medium ? '54px' : '46px', cell: (x) => <Flags flags={x.flags} /> },
    ...(wide
      ? [
          { id: 'faults', title: 'Faults', width: 'minmax(72px, 0.7fr)', cell: (x: Exchange) => <Faults exchange={x} /> },
          {
            id: 'rule',
            title: 'Rule',
            width: 'minmax(72px, 0.8fr)',
            cell: (x: Exchange) => <span className="muted">{x.route === 'default' ? '' : x.route}</span>,
          },
        ]
      : width >= 650
        ? [{ id: 'faults', title: 'Fault', width: '30px', cell: (x: Exchange) => <Faults exchange={x} short /> }]
        : []),
  ];
}

/** Glyph and number: ● still open, ✓ well, ▲ the caller's fault, ✖ failed, – no answer at all. */
export function statusTone(exchange: Pick<Exchange, 'status' | 'grpcStatus' | 'protocol' | 'flags' | 'open'>): {
  tone: Tone;
  glyph: string;
  text: string;
} {
  const { status, grpcStatus } = exchange;
  if (exchange.open) return { tone: 'accent', glyph: '●', text: 'open' };
  if (grpcStatus !== undefined && grpcStatus !== 0 && status === 200)
    return { tone: 'bad', glyph: '✖', text: `grpc ${grpcStatus}` };
  if (status === 0)
    return exchange.protocol === 'TCP' && exchange.flags === ''
      ? { tone: 'ok', glyph: '✓', text: 'tcp' }
      : { tone: 'bad', glyph: '–', text: '0' };
  if (status >= 500) return { tone: 'bad', glyph: '✖', text: String(status) };
  if (status >= 400) return { tone: 'warn', glyph: '▲', text: String(status) };
  return { tone: 'ok', glyph: '✓', text: String(status) };
}

export function StatusCode({ exchange }: { exchange: Pick<Exchange, 'status' | 'grpcStatus' | 'protocol' | 'flags' | 'open'> }) {
  const { tone, glyph, text } = statusTone(exchange);
  return (
    <span className={`requests-code num tone-${tone}`}>
      <span aria-hidden="true">{glyph}</span> {text}
    </span>
  );
}

function Edge({ exchange, source, version }: { exchange: Exchange; source: boolean; version: boolean }) {
  return (
    <span className="requests-edge">
      {exchange.reporter === 'destination' && (
        <span className="muted" title="As the destination’s sidecar saw it">
          ⤷
        </span>
      )}
      {source && (
        <>
          <span className="soft requests-source">{exchange.source}</span>
          <span className="muted" aria-hidden="true">
            →
          </span>
          <span className="visually-hidden">to</span>
        </>
      )}
      <span className="truncate">{exchange.destination}</span>
      {version && exchange.destinationVersion && <span className="muted">{exchange.destinationVersion}</span>}
      {!exchange.mtls && <LockOpen size={11} className="muted" aria-label="plaintext" />}
    </span>
  );
}

function Tries({ count }: { count: number }) {
  if (count > 1) return <span className="requests-retried">{count}</span>;
  return <span className="muted">{count}</span>;
}

function Flags({ flags }: { flags: string }) {
  if (flags === '') return null;
  return (
    <span
      className="mono requests-flags"
      title={explainFlags(flags)
        .map(({ flag, title }) => `${flag}: ${title}`)
        .join('\n')}
    >
      {flags}
    </span>
  );
}

function Faults({ exchange, short }: { exchange: Exchange; short?: boolean }) {
  const [first, ...more] = exchange.faults;
  if (!first) return null;
  const words = exchange.faults.map((fault) => `${fault.name} (${fault.effect}, ${fault.side} side)`).join('\n');
  return (
    <span className="requests-fault" title={words}>
      <Zap size={11} aria-hidden="true" />
      {short ? <span className="visually-hidden">{words}</span> : <span className="truncate">{first.name}</span>}
      {!short && more.length > 0 && ` +${more.length}`}
    </span>
  );
}

import { Lock, LockOpen, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { type Column, formatBytes, formatClock, formatMsNumber, type Tone } from '../../ui/index.ts';
import type { ColumnChoice, ColumnId } from './column-choice.ts';
import { type ColumnRoom, fitColumns, type ListSize } from './fit-columns.ts';
import { OpenFor } from './open-for.tsx';
import { explainFlags } from './response-flags.ts';

interface ColumnSpec extends ColumnRoom {
  /** Title at each size; `name` in full. */
  title: (size: ListSize) => string;
  name: string;
  width: Record<ListSize, string>;
  align?: 'end';
  cell: (exchange: Exchange, size: ListSize) => ReactNode;
}

const gap = 10;
type Part = Pick<ColumnSpec, 'name' | 'cell'> & {
  title?: string;
  /** Tracks, wide first; the last one given holds for the smaller sizes. A fluid one's minimum is its first number. */
  tracks: readonly [string, string?, string?];
  align?: 'end';
  vital?: boolean;
};

const minimumOf = (track: string) => Number(/\d+/.exec(track)?.[0] ?? 0);

function spec(id: ColumnId, { name, title, tracks, cell, align, vital = false }: Part): ColumnSpec {
  const [wide, medium = wide, narrow = medium] = tracks;
  const width = { wide, medium, narrow };
  return {
    id,
    name,
    title: () => title ?? name,
    width,
    room: { wide: minimumOf(wide) + gap, medium: minimumOf(medium) + gap, narrow: minimumOf(narrow) + gap },
    vital,
    cell,
    ...(align ? { align } : {}),
  };
}

/** Of a trace id the first eight digits tell enough. */
const mono = (text: string, whole = text) => (
  <span className="mono" title={whole}>
    {text}
  </span>
);

/** Every column the list can have. */
export const requestColumns: Record<ColumnId, ColumnSpec> = {
  time: spec('time', {
    name: 'Time',
    tracks: ['88px', '56px'],
    cell: (x, size) => <span className="num muted">{formatClock(x.time, size === 'wide')}</span>,
  }),
  method: spec('method', {
    name: 'Method',
    tracks: ['52px', '46px'],
    vital: true,
    cell: (x) => <span className="requests-method">{x.method}</span>,
  }),
  path: spec('path', {
    name: 'Path',
    tracks: ['minmax(150px, 1.7fr)', 'minmax(100px, 1fr)', 'minmax(80px, 1fr)'],
    vital: true,
    cell: (x) => mono(x.path),
  }),
  edge: {
    ...spec('edge', {
      name: 'Source → destination',
      tracks: ['minmax(160px, 1.3fr)', 'minmax(140px, 1.35fr)', 'minmax(80px, 0.8fr)'],
      vital: true,
      cell: (x, size) => <Edge exchange={x} source={size !== 'narrow'} version={size !== 'medium'} />,
    }),
    title: (size) => (size === 'narrow' ? 'Destination' : 'Source → destination'),
  },
  code: spec('code', { name: 'Code', tracks: ['52px'], vital: true, cell: (x) => <StatusCode exchange={x} /> }),
  ms: spec('ms', {
    name: 'Milliseconds',
    title: 'ms',
    tracks: ['46px'],
    align: 'end',
    vital: true,
    cell: (x) => (x.open ? <OpenFor since={x.time} /> : formatMsNumber(x.durationMs)),
  }),
  tries: spec('tries', { name: 'Tries', tracks: ['36px'], align: 'end', cell: (x) => <Tries count={x.attempts.length} /> }),
  flags: spec('flags', {
    name: 'Response flags',
    title: 'Flags',
    tracks: ['72px', '54px', '46px'],
    vital: true,
    cell: (x) => <Flags flags={x.flags} />,
  }),
  faults: {
    ...spec('faults', {
      name: 'Faults',
      tracks: ['minmax(84px, 0.7fr)', '32px'],
      cell: (x, size) => <Faults exchange={x} short={size !== 'wide'} />,
    }),
    title: (size) => (size === 'wide' ? 'Faults' : 'Fault'),
  },
  rule: spec('rule', {
    name: 'Rule',
    tracks: ['minmax(84px, 0.8fr)', 'minmax(72px, 0.6fr)'],
    cell: (x) => <span className="muted">{x.route === 'default' ? '' : x.route}</span>,
  }),
  protocol: spec('protocol', { name: 'Protocol', tracks: ['64px'], cell: (x) => <span className="soft">{x.protocol}</span> }),
  sent: spec('sent', {
    name: 'Request bytes',
    title: 'Sent',
    tracks: ['60px', '54px'],
    align: 'end',
    cell: (x) => <Size bytes={x.requestBytes} />,
  }),
  received: spec('received', {
    name: 'Response bytes',
    title: 'Received',
    tracks: ['60px', '54px'],
    align: 'end',
    cell: (x) => <Size bytes={x.responseBytes} />,
  }),
  endpoint: spec('endpoint', { name: 'Endpoint', tracks: ['116px'], cell: (x) => mono(x.endpoint) }),
  version: spec('version', {
    name: 'Version',
    tracks: ['minmax(52px, 0.3fr)'],
    cell: (x) => <span className="soft">{x.destinationVersion}</span>,
  }),
  trace: spec('trace', {
    name: 'Trace id',
    title: 'Trace',
    tracks: ['68px'],
    cell: (x) => mono(x.traceId.slice(0, 8), x.traceId),
  }),
  mtls: spec('mtls', { name: 'Mutual TLS', title: 'mTLS', tracks: ['40px'], cell: (x) => <Mtls on={x.mtls} /> }),
  reporter: spec('reporter', {
    name: 'Told by the sidecar of',
    title: 'Told by',
    tracks: ['84px', '76px'],
    cell: (x) => <span className="soft">{tellers[x.reporter]}</span>,
  }),
};

const tellers: Record<Exchange['reporter'], string> = { source: 'caller', destination: 'destination', gateway: 'gateway' };

/** The chosen columns as far as they fit into this many pixels. */
export function columnsFor(choice: ColumnChoice, width: number): Column<Exchange>[] {
  const { size, ids } = fitColumns(choice, requestColumns, width);
  return ids.map((id) => {
    const { name, title, width, align, cell } = requestColumns[id];
    const column: Column<Exchange> = {
      id,
      name,
      title: title(size),
      width: width[size],
      cell: (exchange) => cell(exchange, size),
    };
    return align ? { ...column, align } : column;
  });
}

/** Glyph and number: ● still open, ✓ well, ▲ the caller's fault, ✖ failed, – no answer at all. */
function statusTone(exchange: Pick<Exchange, 'status' | 'grpcStatus' | 'protocol' | 'flags' | 'open'>): {
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

function Size({ bytes }: { bytes: number }) {
  return <span className={bytes === 0 ? 'muted' : undefined}>{bytes === 0 ? '–' : formatBytes(bytes)}</span>;
}

function Mtls({ on }: { on: boolean }) {
  return on ? (
    <span className="requests-mtls tone-ok">
      <Lock size={11} aria-hidden="true" /> yes
    </span>
  ) : (
    <span className="requests-mtls muted">
      <LockOpen size={11} aria-hidden="true" /> no
    </span>
  );
}

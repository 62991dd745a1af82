import { ArrowDown, ArrowUp, Radio } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import type { ExchangeDetail, MessagePage, MessageView, ProtoField } from '../../../proxy/api/exchange.schema.ts';
import { useCall } from '../../engine/use-engine.ts';
import {
  Button,
  Code,
  type Column,
  CopyButton,
  EmptyState,
  ErrorState,
  formatBytes,
  formatCount,
  formatMs,
  Json,
  Notice,
  Segments,
  Skeleton,
  VirtualList,
} from '../../ui/index.ts';
import { useHeld, usePointed } from '../../ui/pointed.ts';
import { MessageNames } from '../protos/message-names.tsx';
import { bytesOf } from './body-modes.ts';
import { HexView } from './hex-view.tsx';

const openEveryMs = 700;

/** The tab's name; '' when an exchange has no messages to show. */
export function messagesLabel(detail: Pick<ExchangeDetail, 'protocol' | 'messages'> | null): string {
  if (!detail) return '';
  const kind = detail.messages?.items[0]?.kind;
  if (detail.protocol === 'gRPC' || detail.protocol === 'WebSocket') return 'Messages';
  if (!detail.messages) return '';
  return kind === 'event' ? 'Events' : 'Stream';
}

/** What passed, newest first, and one of it in full. While the exchange goes on the list grows; unless one is selected, the newest is shown. */
export function MessagesTab({ detail }: { detail: ExchangeDetail }) {
  const { data, error, reload } = useCall('listMessages', { params: { id: detail.id } }, detail.open ? openEveryMs : undefined);
  const [selected, setSelected] = useState<string | null>(null);
  const [dir, setDir] = useState<'all' | 'up' | 'down'>('all');
  const { pointed, on } = usePointed();
  const messages = useHeld(data?.messages, pointed);
  const shown = useMemo(
    () => (messages ?? []).filter((message) => dir === 'all' || message.dir === dir).toReversed(),
    [messages, dir],
  );
  const at = useCallback((index: number) => shown[index], [shown]);
  if (error) return <ErrorState title="The messages are not here" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={9} />;
  if (data.total === 0)
    return (
      <EmptyState icon={Radio} title={detail.open ? 'Nothing has passed yet' : 'Nothing passed'}>
        {detail.open
          ? 'The connection is open. What passes shows up here at once.'
          : 'It was opened and ended without a message.'}
      </EmptyState>
    );
  const picked = shown.find(({ number }) => String(number) === selected);
  const bothWays = new Set(data.messages.map((one) => one.dir)).size > 1;
  const message = picked ?? shown[0];
  const following = picked === undefined;
  return (
    <div className="request-messages">
      <div className="request-messages-bar">
        <Counted page={data} />
        <span className="grow" />
        {!following && (
          <Button size="small" variant="ghost" icon={<ArrowUp size={12} />} onClick={() => setSelected(null)}>
            {detail.open ? 'Follow' : 'Newest'}
          </Button>
        )}
        {bothWays && (
          <Segments
            label="Direction"
            value={dir}
            options={[
              { value: 'all', label: 'All' },
              { value: 'up', label: '↑', title: `Sent to ${detail.destination}` },
              { value: 'down', label: '↓', title: `Received from ${detail.destination}` },
            ]}
            onChange={setDir}
          />
        )}
      </div>
      <div className="request-messages-list" {...on}>
        <VirtualList
          label="Messages, newest first"
          columns={detail.protocol === 'gRPC' ? columns.filter(({ id }) => id !== 'kind') : columns}
          count={shown.length}
          at={at}
          keyOf={keyOf}
          selected={message ? keyOf(message) : null}
          onSelect={(item) => setSelected(keyOf(item))}
          rowHeight={26}
          rowTestId="message-row"
        />
      </div>
      {message ? (
        <Reader message={message} page={data} to={detail} onNames={reload} />
      ) : (
        <p className="request-messages-none muted">None in this direction.</p>
      )}
    </div>
  );
}

const keyOf = (message: MessageView) => String(message.number);

const columns: Column<MessageView>[] = [
  { id: 'dir', title: '', width: '16px', cell: (message) => <Direction dir={message.dir} /> },
  {
    id: 'at',
    title: 'After',
    width: '62px',
    align: 'end',
    cell: ({ offsetMs }) => <span className="muted">{formatMs(offsetMs)}</span>,
  },
  { id: 'kind', title: 'Kind', width: '62px', cell: (message) => <span className="soft">{kindWord(message)}</span> },
  { id: 'text', title: 'Says', width: 'minmax(80px, 1fr)', cell: Says },
  {
    id: 'size',
    title: 'Size',
    width: '56px',
    align: 'end',
    cell: ({ bytes }) => <span className="muted">{formatBytes(bytes)}</span>,
  },
];

function Says(message: MessageView) {
  const text = message.summary || message.note || '';
  if (text === '') return <span className="muted">empty</span>;
  return (
    <span className={message.encoding === 'base64' && !message.fields ? 'mono muted' : 'mono'} title={text}>
      {text}
    </span>
  );
}

function Direction({ dir }: { dir: 'up' | 'down' }) {
  const Icon = dir === 'up' ? ArrowUp : ArrowDown;
  return <Icon size={13} className={`request-message-${dir}`} aria-label={dir === 'up' ? 'sent' : 'received'} />;
}

/** WebSocket opcodes by their names; an event by the name it gave itself. */
function kindWord(message: MessageView): string {
  if (message.kind === 'event') return message.event?.event || (message.event?.data ? 'event' : 'comment');
  return message.kind === 'data' ? 'piece' : message.kind;
}

function Counted({ page }: { page: MessagePage }) {
  const noun = page.messages.some(({ kind }) => kind === 'event')
    ? 'event'
    : page.messages.some(({ kind }) => kind === 'data')
      ? 'piece'
      : 'message';
  return (
    <span className="num muted" data-testid="messages-count">
      {formatCount(page.total)} {noun}
      {page.total === 1 ? '' : 's'}
      {page.dropped > 0 && (
        <span title="The first and the latest are kept">
          {' '}
          · {formatCount(page.dropped)} between the first and the latest not kept
        </span>
      )}
    </span>
  );
}

type Destination = Pick<ExchangeDetail, 'destination' | 'destinationNamespace'>;

function Reader({
  message,
  page,
  to,
  onNames,
}: {
  message: MessageView;
  page: MessagePage;
  to: Destination;
  onNames: () => void;
}) {
  return (
    <section className="request-message" aria-label="Selected message" data-testid="message-reader">
      <div className="row">
        <Direction dir={message.dir} />
        <h3>
          {kindWord(message)} <span className="num muted">#{message.number + 1}</span>
        </h3>
        <span className="muted num truncate">
          {message.dir === 'up' ? `to ${to.destination}` : `from ${to.destination}`} · {formatBytes(message.bytes)}
          {message.compressed && (message.kind === 'message' ? ', compressed' : ', deflated')} · {formatMs(message.offsetMs)}{' '}
          after the start
        </span>
        <span className="grow" />
        {message.fields && <CopyButton text={fieldsText(message.fields)} />}
      </div>
      {message.note && <Notice>{message.note}.</Notice>}
      {message.truncated && message.content !== '' && <Notice>Only its beginning was kept.</Notice>}
      <Content message={message} />
      {message.fields && <MessageNames type={message.type} page={page} to={to} onChanged={onNames} />}
    </section>
  );
}

function Content({ message }: { message: MessageView }) {
  if (message.fields) return <Fields fields={message.fields} />;
  if (message.event) return <EventContent event={message.event} />;
  if (message.content === '') return message.note ? null : <p className="muted">No payload.</p>;
  if (message.encoding === 'base64') return <HexView bytes={bytesOf(message)} />;
  return <Text text={message.content} />;
}

function Text({ text }: { text: string }) {
  return /^\s*[[{"]/.test(text) ? <Json text={text} /> : <Code text={text} />;
}

function EventContent({ event }: { event: NonNullable<MessageView['event']> }) {
  const facts = [
    ['event', event.event],
    ['id', event.id],
    ['retry', event.retry === null ? '' : `${event.retry} ms`],
    ['comment', event.comment],
  ].filter(([, value]) => value !== '');
  return (
    <>
      {facts.length > 0 && (
        <dl className="request-headers mono">
          {facts.map(([name, value]) => [<dt key={`n${name}`}>{name}</dt>, <dd key={`v${name}`}>{value}</dd>])}
        </dl>
      )}
      {event.data !== '' && <Text text={event.data} />}
    </>
  );
}

/** Protobuf as a tree: number, name, value, type. */
function Fields({ fields }: { fields: readonly ProtoField[] }) {
  if (fields.length === 0) return <p className="muted">An empty message: every field has its default.</p>;
  return (
    <ul className="request-fields mono">
      {fields.map((field, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: fields repeat; their place is their identity.
        <li key={index} style={{ paddingLeft: field.depth * 16 }}>
          <span className="num muted request-field-number">{field.number}</span>
          {field.name && <span className="request-field-name">{field.name}</span>}
          <span className="request-field-value">{field.value}</span>
          <span className="muted request-field-type">{field.type}</span>
        </li>
      ))}
    </ul>
  );
}

function fieldsText(fields: readonly ProtoField[]): string {
  return fields.map(({ depth, name, number, value }) => `${'  '.repeat(depth)}${name || number}: ${value}`).join('\n');
}

import { useState } from 'react';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, CopyButton, formatBytes, formatCount, Notice, Skeleton } from '../../ui/index.ts';
import { BodyContent } from './body-view.tsx';

const openEveryMs = 1_000;
const maxValueChars = 400;
const shownValueChars = 240;

/** Headers, body and trailers of one direction. Bodies are shown as text only, whatever they claim to be. */
export function MessageTab({ side, detail }: { side: 'request' | 'response'; detail: ExchangeDetail }) {
  const message = detail[side];
  const none = side === 'response' && message.headers.length === 0 && !message.body;
  const redacted = new Set(
    detail.redacted
      .filter((path) => path.startsWith(`${side}.headers.`))
      .map((path) => path.slice(side.length + 9).toLowerCase()),
  );
  const line =
    side === 'request'
      ? `${detail.method} ${detail.path} ${detail.protocol}`
      : `${detail.protocol} ${detail.status || 'no response'}`;
  return (
    <div className="request-tab">
      <div className="mono request-line">{line}</div>
      {none && <Notice tone="warn">No response came: {detail.details || 'the connection ended before one.'}</Notice>}
      <Headers title="Headers" pairs={side === 'request' ? withHost(detail) : message.headers} redacted={redacted} />
      {detail.protocol === 'gRPC' && message.body && (
        <Notice>
          gRPC frames as they were sent. <a href={hrefTo('requests', { id: detail.id, tab: 'messages' })}>Messages</a> shows them
          decoded.
        </Notice>
      )}
      <Body side={side} detail={detail} />
      {message.trailers.length > 0 && <Headers title="Trailers" pairs={message.trailers} redacted={new Set()} />}
    </div>
  );
}

/** Kept beside the headers, as the proxies do; a reader looks for it among them. */
function withHost({ request: { headers }, authority, protocol }: ExchangeDetail): [string, string][] {
  const known = authority === '' || headers.some(([name]) => /^(host|:authority)$/i.test(name));
  return known ? headers : [[/^(HTTP\/2|gRPC)/.test(protocol) ? ':authority' : 'host', authority], ...headers];
}

function Headers({
  title,
  pairs,
  redacted,
}: {
  title: string;
  pairs: readonly (readonly [string, string])[];
  redacted: ReadonlySet<string>;
}) {
  if (pairs.length === 0) return null;
  return (
    <section aria-label={title}>
      <div className="row">
        <h3>
          {title} <span className="num">{pairs.length}</span>
        </h3>
        <span className="grow" />
        <CopyButton label={`Copy ${title.toLowerCase()}`} text={pairs.map(([name, value]) => `${name}: ${value}`).join('\n')} />
      </div>
      <dl className="request-headers mono">
        {pairs.map(([name, value], index) => [
          // biome-ignore lint/suspicious/noArrayIndexKey: a header may repeat; its place is its identity.
          <dt key={`n${index}`}>{name}</dt>,
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <dd key={`v${index}`}>
            {redacted.has(name.toLowerCase()) ? (
              <em title="Taken out before it was written">redacted</em>
            ) : (
              <HeaderValue value={value} />
            )}
          </dd>,
        ])}
      </dl>
    </section>
  );
}

/** A value of kilobytes would hide all others: its beginning, and the rest when asked for. */
function HeaderValue({ value }: { value: string }) {
  const [all, setAll] = useState(false);
  if (all || value.length <= maxValueChars) return value;
  return (
    <>
      {value.slice(0, shownValueChars)}…{' '}
      <Button size="small" onClick={() => setAll(true)}>
        {formatCount(value.length - shownValueChars)} more
      </Button>
    </>
  );
}

function Body({ side, detail }: { side: 'request' | 'response'; detail: ExchangeDetail }) {
  const { body } = detail[side];
  const plain = body && body.encoding === 'utf8' && body.contentEncoding === '' && !body.truncated;
  // What is text already needs nobody to decode it; asked again while the exchange goes on.
  const { data, error } = useCall(
    'getBody',
    body && !plain && body.bytes > 0 ? { params: { id: detail.id, side } } : null,
    detail.open ? openEveryMs : undefined,
  );
  if (!body || body.bytes === 0)
    return (
      <section aria-label="Body">
        <h3>Body</h3>
        <p className="muted">None.</p>
      </section>
    );
  const view = plain ? { ...body, encoding: 'utf8' as const, shownBytes: body.capturedBytes, notes: [] } : data;
  const inflated = view && body.contentEncoding !== '' && view.shownBytes !== body.capturedBytes;
  const kind = [body.contentType, body.contentEncoding, inflated && `${formatBytes(view.shownBytes)} inflated`];
  return (
    <section aria-label="Body">
      <div className="row">
        <h3>Body</h3>
        <span className="muted num truncate">{[formatBytes(body.bytes), ...kind].filter(Boolean).join(' · ')}</span>
      </div>
      {view ? <BodyContent view={view} /> : error ? <Notice tone="warn">{error}</Notice> : <Skeleton lines={4} />}
    </section>
  );
}

import { X } from 'lucide-react';
import type { Span } from '../../../proxy/api/observability.schema.ts';
import { marksOf } from '../../../proxy/api/span-marks.ts';
import type { SpanNode } from '../../../proxy/api/span-tree.ts';
import { hrefTo } from '../../app/router.ts';
import { CopyButton, Facts, formatMs, IconButton } from '../../ui/index.ts';

type Attributes = Span['attributes'];

/** One span in full. `parent`: the span it stands under, if any. */
export function SpanDetail({ node, parent, onClose }: { node: SpanNode; parent: Span | undefined; onClose: () => void }) {
  const { span } = node;
  const marks = marksOf(node).filter(({ word }) => word !== 'linked');
  return (
    <section className="trace-span" data-testid="span-detail" aria-label={span.name}>
      <div className="row">
        <h3 className="grow truncate" title={`${span.service} · ${span.name}`}>
          {span.service} · {span.name}
        </h3>
        {span.exchangeId && <a href={hrefTo('requests', { id: span.exchangeId })}>Exchange</a>}
        <CopyButton text={JSON.stringify(span, null, 2)} label="Copy the span as JSON" />
        <IconButton label="Close the span" size="small" icon={<X size={14} />} onClick={onClose} />
      </div>
      {marks.length > 0 && (
        <ul className="trace-span-marks">
          {marks.map(({ glyph, tone, word, explain }) => (
            <li key={word}>
              <span className={`tone-${tone} tone-text`}>
                <span aria-hidden="true">{glyph}</span> {word}
              </span>
              {explain !== word && <span className="soft"> · {explain}</span>}
            </li>
          ))}
        </ul>
      )}
      <Facts
        rows={[
          ['Made by', span.mesh ? '▨ the sidecar' : '● the app'],
          ['Kind', span.kind],
          ['Starts', `${formatMs(span.startMs)} into the trace`],
          ['Took', `${formatMs(span.durationMs)}${span.open ? ' so far' : ''}`],
          ['Span id', mono(span.spanId)],
          ['Parent', span.parentSpanId && <ParentName node={node} parent={parent} />],
          ...attributeRows(span.attributes),
        ]}
      />
      <Events span={span} />
      <Links span={span} />
    </section>
  );
}

function ParentName({ node, parent }: { node: SpanNode; parent: Span | undefined }) {
  return (
    <>
      {mono(node.span.parentSpanId)}{' '}
      <span className="muted">
        {parent ? `${parent.service} ${parent.name}` : 'not among these spans'}
        {node.span.inferred ? ', inferred: its headers were lost' : ''}
      </span>
    </>
  );
}

function Events({ span }: { span: Span }) {
  if (span.events.length === 0) return null;
  return (
    <>
      <h4>Events</h4>
      {span.events.map((event) => (
        <div key={`${event.atMs} ${event.name}`} className="trace-span-event">
          <p>
            <span className="num muted">{formatMs(event.atMs)}</span> <b>{event.name}</b>
          </p>
          {event.attributes && <Facts rows={attributeRows(event.attributes)} />}
        </div>
      ))}
    </>
  );
}

function Links({ span }: { span: Span }) {
  if (!span.links?.length) return null;
  return (
    <>
      <h4>Links</h4>
      {span.links.map((link) => (
        <div key={`${link.traceId} ${link.spanId}`} className="trace-span-event">
          <p>
            {link.traceId === span.traceId ? (
              <span>This trace, span {mono(link.spanId)}</span>
            ) : (
              <a href={hrefTo(`traces/${link.traceId}`, { span: link.spanId })} className="mono">
                {link.traceId}
              </a>
            )}
          </p>
          {link.attributes && <Facts rows={attributeRows(link.attributes)} />}
        </div>
      ))}
    </>
  );
}

const attributeRows = (attributes: Attributes) =>
  Object.entries(attributes)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, mono(attributeText(value))] as const);

const attributeText = (value: string | number | boolean): string =>
  typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value);
const mono = (text: string) => <span className="mono trace-span-value">{text}</span>;

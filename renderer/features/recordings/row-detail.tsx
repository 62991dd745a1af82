import { X } from 'lucide-react';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import type { Annotation } from '../../../proxy/api/recording.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Code, ErrorState, Facts, formatBytes, formatClock, formatMs, IconButton, Json, Skeleton } from '../../ui/index.ts';
import { MarkEditor } from '../marks/mark-editor.tsx';

export interface RowDetailProps {
  recordingId: string;
  exchangeId: string;
  onMark: (annotation: Annotation | null) => Promise<void>;
  onClose: () => void;
}

/** One exchange of a recording: what was sent and answered, and what someone marked on it. */
export function RowDetail({ recordingId, exchangeId, onMark, onClose }: RowDetailProps) {
  const { data, error, reload } = useCall('getRecordedExchange', { params: { id: recordingId, exchange: exchangeId } });
  const mark = async (annotation: Annotation | null) => {
    await onMark(annotation);
    reload();
  };
  return (
    <aside className="rec-pane" aria-label="Recorded exchange" data-testid="recorded-detail">
      {error && !data ? (
        <ErrorState title="The exchange cannot be read" message={error} onRetry={reload} />
      ) : !data ? (
        <Skeleton lines={6} />
      ) : (
        <>
          <header className="rec-pane-head">
            <h3 className="mono grow">
              {data.method} {data.path}
            </h3>
            <IconButton label="Close" size="small" icon={<X size={15} />} onClick={onClose} />
          </header>
          <MarkEditor annotation={data.annotation ?? null} onChange={(annotation) => void mark(annotation)} />
          <Facts
            rows={[
              ['Answer', `${data.status || 'none'} in ${formatMs(data.durationMs)}`],
              ['Between', `${data.source} → ${data.destination} ${data.destinationVersion}`],
              ['Reported by', data.reporter],
              ['Time', formatClock(data.time)],
              ['Flags', data.flags],
              ['Attempts', data.attempts.length > 1 ? data.attempts.length : ''],
              ['Redacted', data.redacted.join(', ')],
              ['Trace', data.traceId && <a href={hrefTo(`traces/${data.traceId}`)}>{data.traceId.slice(0, 12)}…</a>],
            ]}
          />
          <Message title="Request" message={data.request} />
          <Message title="Response" message={data.response} />
        </>
      )}
    </aside>
  );
}

function Message({ title, message }: { title: string; message: ExchangeDetail['request'] }) {
  const { headers, body } = message;
  const isText = body !== null && body.encoding === 'utf8' && body.content !== '';
  return (
    <section className="rec-message">
      <h4>
        {title} {body && <span className="soft">{formatBytes(body.bytes)}</span>}
      </h4>
      <dl className="rec-headers mono">
        {headers.map(([name, value], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat, and their order is what was recorded.
          <div key={index}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {isText &&
        (body.contentType.includes('json') ? (
          <Json text={body.content} maxHeight={260} />
        ) : (
          <Code text={body.content} maxHeight={260} />
        ))}
      {body && !isText && body.bytes > 0 && <p className="soft">{formatBytes(body.capturedBytes)} of bytes that are not text</p>}
      {body?.truncated && (
        <p className="soft">
          The first {formatBytes(body.capturedBytes)} of {formatBytes(body.bytes)} were kept.
        </p>
      )}
    </section>
  );
}

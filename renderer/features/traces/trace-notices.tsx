import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { plural } from '../../ui/index.ts';

/** An app that drops the trace headers breaks its traces here and in production: say which, and what was done about it. */
export function LostContext({ trace }: { trace: Trace }) {
  const lost = trace.contextLost ?? [];
  const { continues } = trace;
  if (lost.length === 0 && !continues) return null;
  return (
    <section className="trace-lost" data-testid="context-lost" aria-label="Trace context lost">
      {continues && (
        <p>
          <span aria-hidden="true">┄</span> Made while <b>{continues.service}</b> answered{' '}
          <a href={hrefTo(`traces/${continues.traceId}`, { span: continues.spanId })}>another trace</a>
          {continues.by === 'timing' ? ', by timing.' : ', by its x-request-id.'}
        </p>
      )}
      {lost.map(({ service, calls, linked }) => (
        <p key={service}>
          <span className="tone-warn tone-text" aria-hidden="true">
            ▲
          </span>{' '}
          <b>Context lost in {service}:</b> {plural(calls, 'call')} sent without the trace headers it had received.{' '}
          {linked === calls ? 'Drawn dotted where' : `${linked} of ${calls} drawn dotted where`} it is known what for. Let{' '}
          {service} copy <code>traceparent</code>, <code>tracestate</code> and <code>x-request-id</code>.
        </p>
      ))}
    </section>
  );
}

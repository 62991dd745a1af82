import { X } from 'lucide-react';
import { useState } from 'react';
import type { CapturedBody, Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { ApiResponse } from '../../../proxy/api/routes.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Diff } from '../../ui/diff.tsx';
import { formatMs, IconButton, Json, Segments, useToasts } from '../../ui/index.ts';
import { prettyJson } from '../../ui/pretty-json.ts';
import { StatusCode } from './request-columns.tsx';

type Answer = ApiResponse<'resendExchange'>;

/** What to send differently; what is left out stays as recorded. */
export interface ResendChange {
  method?: string;
  path?: string;
  headers?: [string, string][];
  body?: string;
}

/** Sends the exchange again from its source, as it was or changed, and keeps the last answer. */
export function useResend(id: string) {
  const engine = useEngine();
  const toasts = useToasts();
  const [running, setRunning] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const send = async (change: ResendChange = {}) => {
    setRunning(true);
    try {
      setAnswer(await engine.call('resendExchange', { params: { id }, body: change }));
    } catch (error) {
      toasts.error('The request could not be sent again', error);
    } finally {
      setRunning(false);
    }
  };
  return { running, answer, send, clear: () => setAnswer(null) };
}

export function ResendAnswer({
  answer,
  before,
  recorded,
  onClose,
}: {
  answer: Answer;
  before: Exchange;
  /** The body answered then, as far as it was kept. */
  recorded: CapturedBody | null;
  onClose: () => void;
}) {
  const comparable = recorded?.encoding === 'utf8' && !recorded.truncated && recorded.contentEncoding === '';
  const changed = comparable && recorded.content !== answer.body;
  const [shown, setShown] = useState<'answer' | 'diff'>('answer');
  const same = answer.error === '' && answer.status === before.status;
  return (
    <section className="request-resent" aria-label="Answer to the request sent again" data-testid="resend-answer">
      <div className="row num">
        <strong>Sent again</strong>
        {answer.error ? (
          <span className="tone-bad tone-text">✖ {answer.error}</span>
        ) : (
          <StatusCode exchange={{ status: answer.status, protocol: 'HTTP/1.1', flags: '' }} />
        )}
        <span>{formatMs(answer.durationMs)}</span>
        <span className="muted truncate">
          {same ? 'same status as before' : answer.error ? '' : `was ${before.status}`} · before {formatMs(before.durationMs)}
        </span>
        <span className="grow" />
        {answer.traceId && <a href={hrefTo(`traces/${answer.traceId}`)}>Trace</a>}
        <IconButton label="Close the answer" size="small" icon={<X size={14} />} onClick={onClose} />
      </div>
      {changed && (
        <Segments
          label="Show"
          value={shown}
          options={[
            { value: 'answer', label: 'Answer' },
            { value: 'diff', label: 'Difference from then' },
          ]}
          onChange={setShown}
        />
      )}
      {comparable && !changed && <p className="muted">Same body as then.</p>}
      {changed && shown === 'diff' ? (
        <Diff before={prettyJson(recorded.content)} after={prettyJson(answer.body)} label="Difference from the recorded answer" />
      ) : (
        answer.body !== '' && <Json text={answer.body} maxHeight={140} />
      )}
    </section>
  );
}

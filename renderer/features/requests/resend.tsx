import { X } from 'lucide-react';
import { useState } from 'react';
import type { ResendAnswer as Answer, BodyView, ResendRequest } from '../../../proxy/api/body.schema.ts';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Diff } from '../../ui/diff.tsx';
import { formatMs, IconButton, Segments, useToasts } from '../../ui/index.ts';
import { comparableText } from './body-modes.ts';
import { BodyContent } from './body-view.tsx';
import { FieldChanges } from './field-changes.tsx';
import { StatusCode } from './request-columns.tsx';

/** Sends the exchange again from its source, as it was or changed, and keeps the last answer. */
export function useResend(id: string) {
  const engine = useEngine();
  const toasts = useToasts();
  const [running, setRunning] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const send = async (change: ResendRequest = {}) => {
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

type Side = 'answer' | 'changes' | 'request';

/** The answer in place: itself, what differs from the recorded answer, and what was sent differently. */
export function ResendAnswer({ answer, before, onClose }: { answer: Answer; before: ExchangeDetail; onClose: () => void }) {
  const [chosen, setChosen] = useState<Side | null>(null);
  const { request, answer: changes } = answer.compared;
  // What one looks for after an edit is what it changed.
  const usual: Side = changes && changes.length > 0 ? 'changes' : 'answer';
  const shown = chosen ?? usual;
  return (
    <section className="request-resent" aria-label="Answer to the request sent again" data-testid="resend-answer">
      <div className="row num">
        <strong>Sent again</strong>
        {answer.error ? (
          <span className="tone-bad tone-text truncate" title={answer.error}>
            ✖ {answer.error}
          </span>
        ) : (
          <StatusCode exchange={{ status: answer.status, protocol: 'HTTP/1.1', flags: '' }} />
        )}
        <span>{formatMs(answer.durationMs)}</span>
        <span className="muted truncate">
          then {before.status || 'no answer'} in {formatMs(before.durationMs)}
        </span>
        <span className="grow" />
        {answer.traceId && <a href={hrefTo(`traces/${answer.traceId}`)}>Trace</a>}
        <IconButton label="Close the answer" size="small" icon={<X size={14} />} onClick={onClose} />
      </div>
      <SentWithout before={before} changed={request} />
      <Segments
        label="Show"
        value={shown}
        options={[
          { value: 'changes', label: counted('Answer: ', changes?.length ?? 0), title: 'Differences from the recorded answer' },
          { value: 'answer', label: 'Answer', title: 'The answer as it came' },
          { value: 'request', label: counted('Request: ', request.length), title: 'What was sent differently' },
        ]}
        onChange={setChosen}
      />
      {shown === 'answer' && (answer.view ? <BodyContent view={answer.view} /> : <p className="muted">It has no body.</p>)}
      {shown === 'request' &&
        (request.length === 0 ? (
          <p className="muted">Sent as it was recorded.</p>
        ) : (
          <FieldChanges fields={request} label="Differences of the request" />
        ))}
      {shown === 'changes' && <AnswerChanges answer={answer} before={before} />}
    </section>
  );
}

/** What was taken out before it was written down cannot be sent again, which explains many a 401. */
function SentWithout({ before, changed }: { before: ExchangeDetail; changed: Answer['compared']['request'] }) {
  const added = new Set(changed.filter(({ kind }) => kind !== 'missing').map(({ path }) => path));
  const names = before.request.headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => before.redacted.includes(`request.headers.${name}`) && !added.has(`header:${name}`));
  if (names.length === 0) return null;
  return <p className="muted">Sent without {[...new Set(names)].join(', ')}: not written down when it passed. Edit to add it.</p>;
}

function AnswerChanges({ answer, before }: { answer: Answer; before: ExchangeDetail }) {
  const { answer: changes } = answer.compared;
  const kept = before.response.body !== null && before.response.body.bytes > 0;
  const { data: then } = useCall('getBody', kept ? { params: { id: before.id, side: 'response' } } : null);
  if (changes === null) return <p className="muted">No answer came, so there is nothing to compare.</p>;
  if (changes.length === 0)
    return (
      <p className="muted">
        The same as recorded: status, headers and body. What changes with every answer (dates, ids, lengths) is not compared.
      </p>
    );
  const inBody = changes.some(({ path }) => path === 'body' || path.startsWith('$'));
  return (
    <>
      <FieldChanges fields={changes} label="Differences of the answer" />
      {inBody && then && answer.view && <BodyLines then={then} now={answer.view} />}
    </>
  );
}

/** Both bodies line by line, where they are text. */
function BodyLines({ then, now }: { then: BodyView; now: BodyView }) {
  const [before, after] = [comparableText(then), comparableText(now)];
  if (before === null || after === null) return null;
  return (
    <details className="request-lines">
      <summary>The body line by line</summary>
      <Diff before={before} after={after} label="Difference from the recorded body" />
    </details>
  );
}

const counted = (what: string, count: number) => `${what}${count === 0 ? 'same' : count === 1 ? '1 change' : `${count} changes`}`;

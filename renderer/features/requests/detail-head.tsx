import { CornerUpRight, X } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Exchange, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { useStore } from '../../engine/use-engine.ts';
import { formatMs, IconButton } from '../../ui/index.ts';
import { MarkEditor } from '../marks/mark-editor.tsx';
import { DetailActions } from './detail-actions.tsx';
import type { RequestMarks } from './marks.ts';
import { OpenFor } from './open-for.tsx';
import { StatusCode } from './request-columns.tsx';
import { ResendAnswer, useResend } from './resend.tsx';

const ResendDialog = lazy(() => import('./resend-dialog.tsx'));

export interface DetailHeadProps {
  /** As the list knows it; `detail` once it is here. */
  exchange: Exchange;
  detail: ExchangeDetail | null;
  marks: RequestMarks;
  onClose: () => void;
}

/** Which request it is, what can be done with it, what somebody noted, and the answer to sending it again. */
export function DetailHead({ exchange, detail, marks, onClose }: DetailHeadProps) {
  const resend = useResend(exchange.id);
  const [editing, setEditing] = useState(false);
  const mark = useStore(marks.all).get(exchange.id);
  return (
    <>
      <header className="request-detail-head">
        <Title exchange={exchange} />
        <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="request-detail-actions">
        <DetailActions exchange={exchange} detail={detail} marks={marks} resend={resend} onEdit={() => setEditing(true)} />
        {exchange.simulated && (
          <span className="muted">
            <CornerUpRight size={12} aria-hidden="true" />{' '}
            {detail?.standIn?.outcome === 'miss' ? 'no recorded answer' : 'answered from a recording'}
          </span>
        )}
      </div>
      <div className="request-detail-marks">
        <MarkEditor annotation={mark?.annotation ?? null} onChange={(annotation) => marks.set(exchange, annotation)} />
      </div>
      <Suspense>
        {editing && detail && (
          <ResendDialog detail={detail} onSend={(change) => void resend.send(change)} onClose={() => setEditing(false)} />
        )}
      </Suspense>
      {resend.answer && detail && (
        <ResendAnswer key={resend.answer.traceId} answer={resend.answer} before={detail} onClose={resend.clear} />
      )}
    </>
  );
}

function Title({ exchange }: { exchange: Exchange }) {
  return (
    <div className="grow">
      <h2 className="request-detail-title">
        <StatusCode exchange={exchange} />
        <span className="requests-method">{exchange.method}</span>
        <span className="mono truncate" title={exchange.path}>
          {exchange.path}
        </span>
      </h2>
      <div className="request-detail-sub num truncate">
        {exchange.source} → {exchange.destination || 'nowhere'} {exchange.destinationVersion} ·{' '}
        {exchange.open ? (
          <>
            open for <OpenFor since={exchange.time} />
          </>
        ) : (
          formatMs(exchange.durationMs)
        )}
        {exchange.reporter === 'destination' && ' · as the destination’s sidecar saw it'}
      </div>
    </div>
  );
}

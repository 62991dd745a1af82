import type { ResendRequest } from '../../../proxy/api/body.schema.ts';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { Button, Dialog, Field, Input, Notice } from '../../ui/index.ts';
import { HeadersField } from './headers-field.tsx';
import { type ResendDraft, useResendDraft } from './resend-draft.ts';

/** Edit a request before it is sent again. Headers that the proxies write anew (host, ids, lengths) are not listed. */
export default function ResendDialog({
  detail,
  onSend,
  onClose,
}: {
  detail: ExchangeDetail;
  onSend: (change: ResendRequest) => void;
  onClose: () => void;
}) {
  const draft = useResendDraft(detail);
  const send = () => {
    const change = draft.change();
    if (!change) return;
    onSend(change);
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Edit and resend"
      description={`Sent from ${detail.source} to ${detail.authority}, as the original was.`}
      size="wide"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" disabled={draft.change() === null} onClick={send}>
            Send
          </Button>
        </>
      }
    >
      <div className="col request-edit">
        <Fields draft={draft} />
        {draft.notes.map((note) => (
          <Notice key={note}>{note}</Notice>
        ))}
      </div>
    </Dialog>
  );
}

function Fields({ draft: { method, path, headers, body, errors, set } }: { draft: ResendDraft }) {
  return (
    <>
      <div className="request-edit-line">
        <Field label="Method">
          {(ids) => (
            <Input {...ids} value={method} onChange={(event) => set({ method: event.currentTarget.value.toUpperCase() })} />
          )}
        </Field>
        <Field label="Path" error={errors.path}>
          {(ids) => (
            <Input {...ids} className="mono" value={path} onChange={(event) => set({ path: event.currentTarget.value })} />
          )}
        </Field>
      </div>
      {/* Few headers leave room for the body. */}
      <HeadersField
        value={headers}
        rows={Math.min(8, Math.max(3, headers.split('\n').length + 1))}
        error={errors.headers}
        onChange={(value) => set({ headers: value })}
      />
      {body !== null && (
        <Field label="Body">
          {(ids) => (
            <textarea
              {...ids}
              className="dd-input mono"
              rows={6}
              spellCheck={false}
              value={body}
              onChange={(event) => set({ body: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

import { useState } from 'react';
import type { ResendRequest } from '../../../proxy/api/body.schema.ts';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { writtenAnew } from '../../../proxy/api/repeat/repeatable.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Button, Dialog, Field, Input } from '../../ui/index.ts';
import { HeadersField } from './headers-field.tsx';
import { parseHeaders } from './parse-headers.ts';

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
  const [method, setMethod] = useState(detail.method);
  const [path, setPath] = useState(detail.path);
  const recordedHeaders = detail.request.headers
    .filter(([name]) => !writtenAnew.test(name))
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
  const [headers, setHeaders] = useState(recordedHeaders);
  const captured = detail.request.body;
  // A compressed body is edited as the text it is, and then sent as such.
  const packed = captured !== null && captured.contentEncoding !== '' && !captured.truncated;
  const { data: unpacked } = useCall('getBody', packed ? { params: { id: detail.id, side: 'request' } } : null);
  const recordedBody = packed
    ? unpacked?.encoding === 'utf8' && unpacked.notes.length === 0
      ? unpacked.content
      : null
    : !captured || (captured.encoding === 'utf8' && !captured.truncated)
      ? (captured?.content ?? '')
      : null;
  const [edited, setBody] = useState<string | null>(null);
  const body = edited ?? recordedBody;
  const pathError = path.startsWith('/') ? undefined : 'A path starts with /.';
  const pairs = parseHeaders(headers);
  const send = () => {
    if (pathError || typeof pairs === 'string') return;
    // What was not touched is left to the engine, which has the original: redacted here does not mean redacted there.
    const newBody = body === recordedBody || body === null ? undefined : body;
    const newHeaders = newBody !== undefined && packed ? pairs.filter(([name]) => !/^content-encoding$/i.test(name)) : pairs;
    onSend({
      method,
      path,
      headers: headers === recordedHeaders && newHeaders.length === pairs.length ? undefined : newHeaders,
      body: newBody,
    });
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
          <Button variant="primary" disabled={Boolean(pathError) || typeof pairs === 'string'} onClick={send}>
            Send
          </Button>
        </>
      }
    >
      <div className="col request-edit">
        <div className="request-edit-line">
          <Field label="Method">
            {(ids) => <Input {...ids} value={method} onChange={(event) => setMethod(event.currentTarget.value.toUpperCase())} />}
          </Field>
          <Field label="Path" error={pathError}>
            {(ids) => <Input {...ids} className="mono" value={path} onChange={(event) => setPath(event.currentTarget.value)} />}
          </Field>
        </div>
        {/* Few headers leave room for the body. */}
        <HeadersField
          value={headers}
          rows={Math.min(8, Math.max(3, recordedHeaders.split('\n').length + 1))}
          error={typeof pairs === 'string' ? pairs : undefined}
          onChange={setHeaders}
        />
        {body !== null ? (
          <Field label="Body">
            {(ids) => (
              <textarea
                {...ids}
                className="dd-input mono"
                rows={6}
                spellCheck={false}
                value={body}
                onChange={(event) => setBody(event.currentTarget.value)}
              />
            )}
          </Field>
        ) : (
          <p className="muted">The body is binary or was cut off when it was captured; it is sent as it was recorded.</p>
        )}
      </div>
    </Dialog>
  );
}

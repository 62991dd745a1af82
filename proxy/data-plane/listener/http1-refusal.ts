import { statusLine } from '../http1/write-head.ts';

/** Envoy's words for refusals of its codec. */
const refusalBodies: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  // Envoy's words for a head or a body that takes too long.
  408: 'stream timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

/** What the codec itself answers with; `reason` is stable and meant for counting. */
export interface Http1Refusal {
  status: number;
  /** Absent: Envoy's words for the status. */
  body?: string;
  reason?: string;
}

/** The whole response. The connection is closed after it. */
export function writeRefusal({ status, body, reason = '' }: Http1Refusal, server: string, date: string | undefined): string {
  const text = body ?? refusalBodies[status] ?? 'Bad Request';
  const length = `content-length: ${Buffer.byteLength(text)}\r\n`;
  return [
    statusLine(status),
    text === '' ? length : `${length}content-type: text/plain\r\n`,
    reason === '' ? '' : `x-drydock-protocol-error: ${reason}\r\n`,
    date === undefined ? '' : `date: ${date}\r\n`,
    `server: ${server}\r\nconnection: close\r\n\r\n${text}`,
  ].join('');
}

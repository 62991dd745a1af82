import { isUtf8 } from 'node:buffer';
import type { ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import { framesOf, toStreamMessage } from '../replay/playable.ts';

/** One step of a recorded conversation. `end`: this side said that it has no more (half-close, close frame, trailers). */
export interface Turn {
  dir: 'up' | 'down';
  kind: 'text' | 'binary' | 'ping' | 'message' | 'end';
  data: Buffer;
  /** From the beginning of the call. */
  offsetMs: number;
  /** Only its beginning was kept; nothing else can be compared. */
  isCut: boolean;
  /** Of a WebSocket's end. */
  closeCode?: number;
}

/** A call in which both sides speak, in the order they spoke. */
export interface Conversation {
  /** Of the recorded exchange. */
  id: string;
  turns: readonly Turn[];
}

/** The conversation of a recorded WebSocket; a sentence when it was not kept whole. */
export function webSocketConversation(exchange: ExchangeDetail): Conversation | string {
  const { messages } = exchange;
  if (messages === undefined) return 'its frames were not recorded';
  if (messages.dropped > 0) return `only ${messages.items.length} of its ${messages.total} frames were recorded`;
  const turns: Turn[] = [];
  for (const message of messages.items) {
    const { kind, dir } = message;
    if (kind === 'pong' || (kind === 'ping' && dir === 'up')) continue;
    if (message.truncated && dir === 'down') return cut(message, 'frame');
    if (kind === 'close') turns.push({ ...turnOf(message), kind: 'end' });
    else if (kind === 'text' || kind === 'binary' || kind === 'ping') turns.push({ ...turnOf(message), kind });
  }
  return { id: exchange.id, turns };
}

/** The conversation of a recorded gRPC call; null when its messages are not known one by one. */
export function grpcConversation(exchange: ExchangeDetail): Conversation | string | null {
  const { messages, request, response, durationMs, id } = exchange;
  if (messages === undefined) {
    // Short and one after the other: the bodies are all there was.
    if (request.body?.truncated || response.body?.truncated || isEncoded(exchange)) return null;
    const [up, down] = (['up', 'down'] as const).map((dir) => {
      const body = dir === 'up' ? request.body : response.body;
      return body === null ? [] : framesOf(Buffer.from(body.content, body.encoding), dir);
    }) as [ReturnType<typeof framesOf>, ReturnType<typeof framesOf>];
    const turns = [...up.map(plainTurn), endOf('up', 0), ...down.map((one) => ({ ...plainTurn(one), offsetMs: durationMs }))];
    return { id, turns: [...turns, endOf('down', durationMs)] };
  }
  if (messages.dropped > 0) return null;
  const cutDown = messages.items.find(({ dir, truncated }) => dir === 'down' && truncated);
  if (cutDown !== undefined) return cut(cutDown, 'message');
  const turns = messages.items.map((message): Turn => ({ ...turnOf(message), kind: 'message' }));
  const lastUp = turns.findLastIndex(({ dir }) => dir === 'up');
  const { upEndMs } = messages;
  // Where it is not known when the caller ended, it was right after its last message.
  const after = upEndMs === undefined ? lastUp : turns.findLastIndex(({ offsetMs }) => offsetMs <= upEndMs);
  turns.splice(Math.max(lastUp, after) + 1, 0, endOf('up', upEndMs ?? turns[lastUp]?.offsetMs ?? 0));
  return { id, turns: [...turns, endOf('down', durationMs)] };
}

/** The other side spoke before this one had ended: it cannot be answered at the end. */
export function isDialogue({ turns }: Conversation): boolean {
  const firstDown = turns.findIndex(({ dir, kind }) => dir === 'down' && kind !== 'end');
  return firstDown !== -1 && turns.slice(firstDown).some(({ dir }) => dir === 'up');
}

/** As requests' bodies are compared: bytes that are no text as base64. */
export function turnText(data: Buffer): string {
  return isUtf8(data) ? data.toString('utf8') : `base64:${data.toString('base64')}`;
}

const isEncoded = ({ request, response }: ExchangeDetail): boolean =>
  (request.body?.contentEncoding ?? '') !== '' || (response.body?.contentEncoding ?? '') !== '';

const cut = ({ number, bytes }: ExchangeMessage, what: string): string =>
  `${what} ${number + 1}, ${bytes} bytes long, was cut off when it was recorded`;

const endOf = (dir: Turn['dir'], offsetMs: number): Turn => ({ dir, kind: 'end', data: Buffer.alloc(0), offsetMs, isCut: false });

function turnOf(message: ExchangeMessage): Omit<Turn, 'kind'> {
  const { dir, data, offsetMs, closeCode } = toStreamMessage(message);
  return { dir, data, offsetMs, isCut: message.truncated, ...(closeCode === undefined ? {} : { closeCode }) };
}

const plainTurn = ({ dir, data, offsetMs }: { dir: Turn['dir']; data: Buffer; offsetMs: number }): Turn => ({
  ...{ dir, kind: 'message', data, offsetMs, isCut: false },
});

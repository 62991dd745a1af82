import type { ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import type { ReplayRequest } from '../../api/replay.schema.ts';
import { readGrpcMessages } from '../../shared/grpc-message.ts';
import type { StreamMessage, StreamScript } from './call.ts';

/** How long after its recorded end a stream that never ends by itself is waited for. */
const GRACE_MS = 5000;

export type Playable = { script: StreamScript | null; problem: '' } | { script: null; problem: string };

/** How a call is played, or why it cannot be: what was not captured whole cannot be sent again. */
export function playableOf(root: ExchangeDetail, options: { streams: ReplayRequest['streams']; speed: number }): Playable {
  const { body } = root.request;
  const cannot = (problem: string): Playable => ({ script: null, problem });
  const script = (kind: StreamScript['kind'], messages: StreamMessage[]): Playable => {
    const spanMs = options.streams === 'timed' ? root.durationMs / options.speed : root.durationMs;
    return {
      script: { kind, mode: options.streams, speed: options.speed, messages, endAfterMs: spanMs + GRACE_MS },
      problem: '',
    };
  };
  if (root.protocol === 'WebSocket') {
    if (root.status !== 101) return { script: null, problem: '' };
    const problem = messagesProblem(root);
    return problem === '' ? script('websocket', messagesOf(root)) : cannot(problem);
  }
  if (root.protocol === 'gRPC') {
    if (root.messages !== undefined) {
      const problem = messagesProblem(root);
      return problem === '' ? script('grpc', messagesOf(root)) : cannot(problem);
    }
    if (body?.truncated)
      return cannot(`the recorded request message was cut off at ${body.capturedBytes} of ${body.bytes} bytes`);
    return script('grpc', framesOf(body === null ? Buffer.alloc(0) : Buffer.from(body.content, body.encoding), 'up'));
  }
  if (body?.truncated) return cannot(`the recorded request body was cut off at ${body.capturedBytes} of ${body.bytes} bytes`);
  if (isEventStream(root)) return script('events', messagesOf(root));
  return { script: null, problem: '' };
}

export function isEventStream({ response }: ExchangeDetail): boolean {
  return response.headers.some(([name, value]) => name.toLowerCase() === 'content-type' && value.startsWith('text/event-stream'));
}

/** Only what goes up has to be whole: what came down is compared as far as it is known. */
function messagesProblem({ messages }: ExchangeDetail): string {
  if (messages === undefined) return 'its messages were not recorded';
  if (messages.dropped > 0) return `only ${messages.items.length} of its ${messages.total} messages were recorded`;
  const cut = messages.items.find((message) => message.dir === 'up' && message.truncated);
  return cut === undefined ? '' : `message ${cut.number}, ${cut.bytes} bytes long, was cut off when it was recorded`;
}

function messagesOf({ messages }: ExchangeDetail): StreamMessage[] {
  return (messages?.items ?? []).map(toStreamMessage);
}

export function toStreamMessage(message: ExchangeMessage): StreamMessage {
  const { dir, kind, offsetMs, closeCode } = message;
  const data = Buffer.from(message.content, message.encoding);
  return { dir, kind, offsetMs, data, ...(closeCode === undefined ? {} : { closeCode }) };
}

/** The gRPC messages of a body; one that is cut off at the end is left out. */
export function framesOf(body: Buffer, dir: StreamMessage['dir']): StreamMessage[] {
  return readGrpcMessages(body)
    .messages.filter(({ data, bytes }) => data.length === bytes)
    .map(({ data }) => ({ dir, kind: 'message', data, offsetMs: 0 }));
}

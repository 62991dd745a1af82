import type { Turn } from '../../recorder/conversation/conversation.ts';
import type { StubFault } from '../../recorder/stubs/stub.ts';

type Pairs = readonly (readonly [string, string])[];

/** An answer to write: as recorded, without framing and connection headers. */
export interface StandInAnswer {
  status: number;
  headers: Pairs;
  trailers: Pairs;
  body: Buffer;
  /** Milliseconds before it is sent. */
  delayMs: number;
  /** Where the body is cut, and how many milliseconds after its head each piece begins; null: all at once. */
  pieces: readonly { end: number; afterMs: number }[] | null;
  fault: StubFault | null;
}

/** A request to answer, read to its end. */
export interface StandInCall {
  method: string;
  path: string;
  /** Lower-case names; `host` also where it came as `:authority`. */
  headers: [string, string][];
  body: Buffer;
  /** There was more of the body than is looked at. */
  isCut: boolean;
}

/** Gets the service's own answer; of a conversation also what was said, in order. */
export type Learn = (answer: StandInAnswer, turns?: readonly Turn[]) => void;
export type StandInDecision = StandInAnswer | { forward: true; learn?: Learn };

/** The head of a call that may be a conversation. */
export type StandInHead = Pick<StandInCall, 'method' | 'path' | 'headers'>;

/** A recorded conversation that answers a call while it goes on. */
export interface StandInTalk {
  readonly status: number;
  readonly headers: Pairs;
  /** Of the one that is followed by now. */
  readonly trailers: Pairs;
  /** It had no message and no trailers of its own: its head was all. */
  readonly isHeadOnly: boolean;
  /** Begins; `say` gets what is to be sent, an end last where it was recorded. */
  play(say: (turn: Turn) => void): void;
  /** A message of the caller, without framing and compression. */
  heard(data: Buffer): void;
  /** The caller has no more. */
  ended(): void;
  /** The caller is gone. */
  left(): void;
}

/** Who decides about the calls of a port. */
export interface StandInPort {
  /** False: this caller's calls go to the service unread. */
  concerns(headers: [string, string][]): boolean;
  decide(call: StandInCall): StandInDecision;
  /** At the head of a gRPC call or a WebSocket's handshake. Null: it is decided when the request has ended. */
  open(head: StandInHead, kind: 'grpc' | 'websocket'): { talk: StandInTalk } | StandInDecision | null;
}

/** Connection headers and framing: written anew on each connection. */
export const framing: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'te', 'trailer', 'proxy-connection'],
]);

export function headerOf(headers: Pairs, wanted: string): string {
  return headers.find(([name]) => name === wanted)?.[1] ?? '';
}

export const plain = (status: number, text: string): StandInAnswer => ({
  ...{ status, headers: [['content-type', 'text/plain; charset=utf-8']], trailers: [], body: Buffer.from(text) },
  ...{ delayMs: 0, pieces: null, fault: null },
});

/** For a gRPC caller a miss is UNIMPLEMENTED with the words as its message; for others a page. */
export function refusal(call: { headers: Pairs }, status: number, text: string): StandInAnswer {
  if (!headerOf(call.headers, 'content-type').startsWith('application/grpc')) return plain(status, `${text}\n`);
  const code = status === 501 ? '12' : '14';
  return {
    ...plain(200, ''),
    headers: [['content-type', 'application/grpc']],
    trailers: [
      ['grpc-status', code],
      ['grpc-message', percentEncode(text)],
    ],
  };
}

/** As gRPC wants its message: printable ASCII as it is, but for the percent sign. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Node's flat list of raw headers, names in lower case. */
export function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([raw[i]!.toLowerCase(), raw[i + 1]!]);
  return pairs;
}

import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { SimulationRequest } from '../../api/simulation.schema.ts';
import {
  type Conversation,
  grpcConversation,
  isDialogue,
  webSocketConversation,
} from '../../recorder/conversation/conversation.ts';
import { StandIn, type StandInEntry } from '../../recorder/stand-in.ts';
import type { Store } from '../../store/store.ts';
import { recordedAnswer, recordedTalk, toEntry } from './recorded-answer.ts';
import type { PortAnswers, Recorded, RecordedSpeech } from './running-simulation.ts';

const maxAnswers = 50_000;
/** Of bodies as they were captured; they stay in memory while the simulation goes on. */
const maxBytes = 256 * 1024 * 1024;
const page = 500;
const namedUnusable = 5;

export interface LoadedAnswers {
  /** By service port. */
  ports: Map<number, PortAnswers>;
  notes: string[];
  count: number;
}

/**
 * What the service answered in a recording, as its own sidecar saw it; as its callers did, where that is all there is. Each of `ports` gets the
 * answers that came from it, and those of which the port is not known.
 */
export async function loadAnswers(
  store: Store,
  recordingId: string,
  request: SimulationRequest,
  namespace: string,
  ports: readonly number[],
): Promise<LoadedAnswers> {
  const { exchanges, more, ownReplies } = await exchangesOf(store, recordingId, request.service, namespace);
  const loaded = new Map<number, PortAnswers>();
  const unusable: string[] = [];
  const dialogues = new Set(exchanges.flatMap((exchange) => (speaks(exchange) ? [callOf(exchange)] : [])));
  const entries = exchanges.map((exchange) => toEntries(exchange, dialogues.has(callOf(exchange)), unusable));
  for (const port of ports) {
    const own = entries.filter((one) => one.port === null || one.port === port || !ports.includes(one.port));
    const [answers, talks] = [own.flatMap(({ answer }) => answer ?? []), own.flatMap(({ talk }) => talk ?? [])];
    loaded.set(port, { answers: new StandIn(answers, request), talks: new StandIn(talks, request) });
  }
  const notes: string[] = [];
  if (ownReplies > 0) notes.push(`Left out as a proxy's own or broken off: ${ownReplies} recorded`);
  if (more) notes.push(`Only the first ${entries.length} answers of the recording are used: they are held in memory`);
  notes.push(...unusable.slice(0, namedUnusable).map((words) => `Cannot be answered: ${words}`));
  if (unusable.length > namedUnusable) notes.push(`and ${unusable.length - namedUnusable} more that cannot be answered`);
  return { ports: loaded, notes, count: entries.length };
}

interface Entries {
  port: number | null;
  answer: StandInEntry<Recorded> | null;
  talk: StandInEntry<RecordedSpeech> | null;
}

/** A WebSocket is a conversation; a gRPC call too where one of its kind was. */
function toEntries(exchange: ExchangeDetail, isConversation: boolean, unusable: string[]): Entries {
  const entry = toEntry(exchange);
  const cannot = (why: string) => {
    unusable.push(`${exchange.method} ${exchange.path}: ${why}`);
    return { unusable: why };
  };
  const talkEntry = (conversation: Conversation | string): StandInEntry<RecordedSpeech> => {
    const answer = typeof conversation === 'string' ? cannot(conversation) : { talk: recordedTalk(exchange, conversation) };
    return { ...entry, body: '', answer };
  };
  const port = portOf(exchange);
  if (isWebSocket(exchange)) return { port, answer: null, talk: talkEntry(webSocketConversation(exchange)) };
  const conversation = isConversation ? grpcConversation(exchange) : null;
  const talk = conversation === null ? null : talkEntry(conversation);
  if (talk !== null && 'unusable' in talk.answer) return { port, answer: null, talk };
  const answer = recordedAnswer(exchange);
  return { port, answer: { ...entry, answer: typeof answer === 'string' ? cannot(answer) : { answer } }, talk };
}

const isWebSocket = ({ protocol, status }: ExchangeDetail): boolean => protocol === 'WebSocket' && status === 101;
const callOf = ({ method, path }: ExchangeDetail): string => `${method} ${path}`;

/** A gRPC call that had an answer before its request had ended. */
function speaks(exchange: ExchangeDetail): boolean {
  if (exchange.protocol !== 'gRPC' || exchange.messages === undefined) return false;
  const conversation = grpcConversation(exchange);
  return conversation !== null && (typeof conversation === 'string' || isDialogue(conversation));
}

async function exchangesOf(store: Store, recordingId: string, service: string, namespace: string) {
  const own: ExchangeDetail[] = [];
  const seen: ExchangeDetail[] = [];
  const ownReplies = { own: 0, seen: 0 };
  let bytes = 0;
  let cursor: string | undefined;
  do {
    const { exchanges, next } = await store.recordedExchanges(recordingId, { limit: page, ...(cursor ? { cursor } : {}) });
    for (const exchange of exchanges) {
      const theirs = exchange.destination === service && (exchange.destinationNamespace || namespace) === namespace;
      if (!theirs || exchange.method === '' || !(exchange.status >= 200 || isWebSocket(exchange))) continue;
      const side = exchange.reporter === 'destination' ? 'own' : 'seen';
      if (!isServices(exchange)) {
        ownReplies[side]++;
        continue;
      }
      bytes += (exchange.response.body?.capturedBytes ?? 0) + (exchange.request.body?.capturedBytes ?? 0);
      (side === 'own' ? own : seen).push(exchange);
    }
    cursor = next ?? undefined;
  } while (cursor !== undefined && own.length + seen.length < maxAnswers && bytes < maxBytes);
  const side = own.length > 0 ? 'own' : 'seen';
  return { exchanges: side === 'own' ? own : seen, more: cursor !== undefined, ownReplies: ownReplies[side] };
}

/** The service itself answered, whole: no fault, no refusal, no stand-in that had none. */
function isServices({ details, standIn, status }: ExchangeDetail): boolean {
  // However a WebSocket ended, it was the service's.
  if (status === 101 && standIn?.outcome !== 'miss') return true;
  return (details === 'via_upstream' || details === 'imported' || details === '') && standIn?.outcome !== 'miss';
}

/** Of `inbound|9080||` or `outbound|9080|v1|ratings…`; null for what was imported. */
function portOf({ cluster }: ExchangeDetail): number | null {
  const [, port] = /^(?:in|out)bound\|(\d+)\|/.exec(cluster) ?? [];
  return port === undefined ? null : Number(port);
}

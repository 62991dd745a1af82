import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { SimulationRequest } from '../../api/simulation.schema.ts';
import { StandIn, type StandInEntry } from '../../recorder/stand-in.ts';
import type { Store } from '../../store/store.ts';
import { recordedAnswer, toEntry } from './recorded-answer.ts';
import type { Recorded } from './running-simulation.ts';

const maxAnswers = 50_000;
/** Of bodies as they were captured; they stay in memory while the simulation goes on. */
const maxBytes = 256 * 1024 * 1024;
const page = 500;
const namedUnusable = 5;

export interface LoadedAnswers {
  /** By service port. */
  standIns: Map<number, StandIn<Recorded>>;
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
  const standIns = new Map<number, StandIn<Recorded>>();
  const notes: string[] = [];
  const unusable: string[] = [];
  const entries = exchanges.map((exchange) => {
    const answer = recordedAnswer(exchange);
    if (typeof answer === 'string') unusable.push(`${exchange.method} ${exchange.path}: ${answer}`);
    const found: Recorded = typeof answer === 'string' ? { unusable: answer } : { answer };
    return { port: portOf(exchange), entry: { ...toEntry(exchange), answer: found } satisfies StandInEntry<Recorded> };
  });
  for (const port of ports) {
    const own = entries.filter((one) => one.port === null || one.port === port || !ports.includes(one.port));
    standIns.set(
      port,
      new StandIn(
        own.map(({ entry }) => entry),
        request,
      ),
    );
  }
  if (ownReplies > 0) notes.push(`Left out as a proxy's own or broken off: ${ownReplies} recorded`);
  if (more) notes.push(`Only the first ${entries.length} answers of the recording are used: they are held in memory`);
  notes.push(...unusable.slice(0, namedUnusable).map((words) => `Cannot be answered: ${words}`));
  if (unusable.length > namedUnusable) notes.push(`and ${unusable.length - namedUnusable} more that cannot be answered`);
  return { standIns, notes, count: entries.length };
}

async function exchangesOf(store: Store, recordingId: string, service: string, namespace: string) {
  const own: ExchangeDetail[] = [];
  const seen: ExchangeDetail[] = [];
  let ownReplies = 0;
  let bytes = 0;
  let cursor: string | undefined;
  do {
    const { exchanges, next } = await store.recordedExchanges(recordingId, { limit: page, ...(cursor ? { cursor } : {}) });
    for (const exchange of exchanges) {
      const theirs = exchange.destination === service && (exchange.destinationNamespace || namespace) === namespace;
      if (!theirs || exchange.status < 200 || exchange.method === '' || exchange.protocol === 'WebSocket') continue;
      if (!isServices(exchange)) {
        ownReplies++;
        continue;
      }
      bytes += (exchange.response.body?.capturedBytes ?? 0) + (exchange.request.body?.capturedBytes ?? 0);
      (exchange.reporter === 'destination' ? own : seen).push(exchange);
    }
    cursor = next ?? undefined;
  } while (cursor !== undefined && own.length + seen.length < maxAnswers && bytes < maxBytes);
  return { exchanges: own.length > 0 ? own : seen, more: cursor !== undefined, ownReplies };
}

/** The service itself answered, whole: no fault, no refusal, no stand-in that had none. */
function isServices({ details, standIn }: ExchangeDetail): boolean {
  return (details === 'via_upstream' || details === 'imported' || details === '') && standIn?.outcome !== 'miss';
}

/** Of `inbound|9080||` or `outbound|9080|v1|ratings…`; null for what was imported. */
function portOf({ cluster }: ExchangeDetail): number | null {
  const [, port] = /^(?:in|out)bound\|(\d+)\|/.exec(cluster) ?? [];
  return port === undefined ? null : Number(port);
}

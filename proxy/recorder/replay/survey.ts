import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { ReplayPlan, ReplayRequest } from '../../api/replay.schema.ts';
import type { Store } from '../../store/store.ts';
import { type EdgeRecord, holdsCallGraph } from '../compare/call-graph.ts';
import { CallTree, factsOf } from '../replay-roots.ts';
import { playableOf } from './playable.ts';
import { VariableFinder } from './suggest-variables.ts';
import { remoteHostOf } from './target.ts';

/** What a recording holds for a replay, found in two passes over it, a page in memory at a time. */
export interface Survey {
  /** Of root calls. */
  roots: ReadonlySet<string>;
  /** Null when only what was sent to services was recorded, not what they sent. */
  edges: EdgeRecord | null;
  /** Root calls that left this machine, by host. */
  remoteHosts: string[];
  plan: ReplayPlan;
}

export interface SurveyOptions {
  streams?: ReplayRequest['streams'] | undefined;
  /** Look for values that answers give and requests repeat; it takes as long again. */
  suggest: boolean;
  /** Whether calls to a host leave this machine. */
  leaves?: ((host: string) => boolean) | undefined;
  /** How many exchanges were read so far, of both passes. */
  onRead?: (read: number) => void;
  /** Ends it early: the survey is then of what was read. */
  signal?: AbortSignal;
}

/** It reads a recording this often. */
export const surveyPasses = 2;
/** Progress is told after so many. */
const TELL_EVERY = 1000;

export async function surveyRecording(
  store: Store,
  id: string,
  { streams = 'lock-step', suggest, leaves, onRead = () => {}, signal }: SurveyOptions,
): Promise<Survey> {
  let read = 0;
  const each = async function* (): AsyncGenerator<ExchangeDetail> {
    for await (const exchange of store.eachRecordedExchange(id)) {
      if (++read % TELL_EVERY === 0) onRead(read);
      if (signal?.aborted) return;
      yield exchange;
    }
  };
  const tree = new CallTree();
  for await (const exchange of each()) tree.add(factsOf(exchange));
  const roots = tree.roots();
  const finder = new VariableFinder();
  const notes = new Notes();
  const remoteHosts = new Set<string>();
  const methods: Record<string, number> = Object.create(null);
  let [first, last] = [0, 0];
  for await (const root of each()) {
    if (!roots.has(root.id)) continue;
    const at = Date.parse(root.time);
    first = first === 0 ? at : Math.min(first, at);
    last = Math.max(last, at);
    methods[root.method] = (methods[root.method] ?? 0) + 1;
    if (suggest) finder.feed(root);
    const remote = remoteHostOf(root, leaves);
    if (remote !== null) remoteHosts.add(remote);
    note(notes, root, streams);
  }
  return {
    roots,
    edges: holdsCallGraph(tree, roots),
    remoteHosts: [...remoteHosts],
    plan: {
      calls: roots.size,
      spanMs: last - first,
      methods,
      suggestions: finder.suggestions(),
      notes: notes.list(),
      remoteHosts: [...remoteHosts],
      dependencies: tree.dependencies(roots),
    },
  };
}

function note(notes: Notes, root: ExchangeDetail, streams: ReplayRequest['streams']): void {
  const { problem } = playableOf(root, { streams, speed: 1 });
  if (problem !== '') notes.add(`Cannot be sent again: ${problem.replace(/\d+/g, '…')}`);
  const secretBody = root.redacted.some((path) => path.startsWith('request.body') || path.startsWith('request.query'));
  if (secretBody)
    notes.add('Hold secrets in body or query that were redacted: they are sent redacted unless a variable has the value');
  if (root.messages !== undefined && root.messages.dropped > 0)
    notes.add('Had more messages than were recorded: the first ones are compared');
  // Of a stream the messages are compared, and they were recorded one by one.
  if (root.response.body?.truncated && root.messages === undefined)
    notes.add('Had longer answers than were recorded: compared as far as they go');
}

/** Sentences with how many calls they concern. */
export class Notes {
  readonly #counts = new Map<string, number>();

  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  list(): { text: string; calls: number }[] {
    return [...this.#counts].map(([text, calls]) => ({ text, calls })).sort((a, b) => b.calls - a.calls);
  }
}

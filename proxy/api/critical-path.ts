import type { Span } from './observability.schema.ts';
import { endOf, isAttempt, type SpanNode } from './span-tree.ts';

/** `aside`: only work that nobody waited for went on, such as that of a message's reader; `unmeasured`: no span tells. */
export type Cause = 'app' | 'proxy' | 'fault' | 'backoff' | 'connect' | 'aside' | 'unmeasured';

/** A stretch of time that only this span accounts for; `index` is its place in the nodes, -1 where no span was at work. */
export interface Segment {
  index: number;
  fromMs: number;
  toMs: number;
}

export interface CauseShare {
  cause: Cause;
  /** Whose time it is: the service for `app`, else ''. */
  who: string;
  ms: number;
}

/** Calls that follow one another may seem to overlap by this much: wall clocks have millisecond grain. */
const grainMs = 1;

interface Frame {
  index: number;
  fromMs: number;
  /** Everything after it is accounted for. */
  cursorMs: number;
  /** By end, the last first. */
  children: readonly number[];
  next: number;
  /** A child is on the path already, so another that outlasts the cursor ran beside it. */
  taken: boolean;
}

/**
 * Which span the caller was waiting for, at each moment: the method of Jaeger's critical path, with siblings sorted once and no recursion,
 * O(n log n). From a span's end take the child that finished last; the gap after it is the span's own; descend; go on with the child that ended
 * before that one began. Children are clamped to their parent; what a consumer does, nobody waits for. The segments, in order of time, cover
 * `0…durationMs` exactly, without overlap.
 */
export function findCriticalPath(nodes: readonly SpanNode[], durationMs: number): Segment[] {
  const segments: Segment[] = [];
  const add = (index: number, fromMs: number, toMs: number) => {
    if (toMs > fromMs) segments.push({ index, fromMs, toMs });
  };
  const byEnd = (children: readonly number[]): number[] =>
    children.toSorted((a, b) => endAt(nodes[b]) - endAt(nodes[a]) || startAt(nodes[a]) - startAt(nodes[b]));
  const roots = nodes.filter((node) => node.parent < 0).map((node) => node.index);
  const stack: Frame[] = [{ index: -1, fromMs: 0, cursorMs: durationMs, children: byEnd(roots), next: 0, taken: false }];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = frame.children[frame.next++];
    if (child === undefined) {
      add(frame.index, frame.fromMs, frame.cursorMs);
      stack.pop();
      continue;
    }
    const node = nodes[child];
    if (!node || (node.span.kind === 'consumer' && frame.index >= 0)) continue;
    const endMs = endOf(node.span);
    if (frame.taken && endMs > frame.cursorMs + grainMs) continue;
    const toMs = Math.min(endMs, frame.cursorMs);
    const fromMs = Math.max(node.span.startMs, frame.fromMs);
    if (fromMs >= toMs) continue;
    add(frame.index, toMs, frame.cursorMs);
    frame.cursorMs = fromMs;
    frame.taken = true;
    stack.push({ index: child, fromMs, cursorMs: toMs, children: byEnd(node.children), next: 0, taken: false });
  }
  return segments.reverse();
}

const endAt = (node: SpanNode | undefined): number => (node ? endOf(node.span) : 0);
const startAt = (node: SpanNode | undefined): number => node?.span.startMs ?? 0;

/** What is left to charge to a span's own time before its own work counts. */
interface Budget {
  faultMs: number;
  connectMs: number;
  backoffMs: number;
}

/**
 * The path's time by cause, most first; the sum is the path's length. A span's own time pays in this order: delays injected into it, connecting,
 * the waits between its attempts; the rest is work: the app's, or the proxy's where something else below accounts for the app.
 */
export function summarizeCauses(nodes: readonly SpanNode[], segments: readonly Segment[]): CauseShare[] {
  const shares = new Map<string, CauseShare>();
  const charge = (cause: Cause, who: string, ms: number) => {
    if (ms <= 0) return;
    const key = `${cause}/${who}`;
    const share = shares.get(key);
    if (share === undefined) shares.set(key, { cause, who, ms });
    else share.ms += ms;
  };
  const budgets = new Map<number, Budget>();
  for (const segment of segments) {
    const node = nodes[segment.index];
    let leftMs = segment.toMs - segment.fromMs;
    if (!node) {
      const { fromMs, toMs } = segment;
      const aside = nodes.some(({ span }) => span.startMs < toMs && endOf(span) > fromMs);
      charge(aside ? 'aside' : 'unmeasured', '', leftMs);
      continue;
    }
    let budget = budgets.get(segment.index);
    if (budget === undefined) {
      budget = {
        faultMs: injectedMs(node),
        connectMs: numberOf(node, 'drydock.connect_ms'),
        backoffMs: backoffBelow(node, nodes),
      };
      budgets.set(segment.index, budget);
    }
    const pay = (kind: keyof Budget, cause: Cause) => {
      const ms = Math.min(leftMs, budget[kind]);
      budget[kind] -= ms;
      leftMs -= ms;
      charge(cause, '', ms);
    };
    pay('faultMs', 'fault');
    pay('connectMs', 'connect');
    // Before the first attempt there is nothing to back off from.
    if (segment.fromMs > node.span.startMs) pay('backoffMs', 'backoff');
    const worker = workerOf(node, nodes);
    charge(worker === '' ? 'proxy' : 'app', worker, leftMs);
  }
  return [...shares.values()].sort((a, b) => b.ms - a.ms);
}

/** Milliseconds of delay injected into this span, from the events the engine writes: `fault default/slow: delay 300 ms`. */
export function injectedMs({ span }: SpanNode): number {
  let ms = 0;
  for (const { name } of span.events) {
    const delay = /^fault .*\s([\d.]+) ms$/.exec(name)?.[1];
    if (delay !== undefined) ms += Number(delay);
  }
  return ms;
}

function backoffBelow(node: SpanNode, nodes: readonly SpanNode[]): number {
  let ms = 0;
  for (const child of node.children) ms += numberOf(nodes[child], 'drydock.backoff_ms');
  return ms;
}

function numberOf(node: SpanNode | undefined, attribute: string): number {
  const value = node?.span.attributes[attribute];
  return typeof value === 'number' ? value : 0;
}

/** Envoy's flags of answers that never came from where they were sent. */
const madeByProxy = (span: Span): boolean =>
  /\b(?:UF|UH|UO|NC|NR|FI|UAEX|RL|DPE)\b/.test(String(span.attributes.response_flags ?? ''));

/** The app that works while only this span is open; '' when it is the proxy. */
function workerOf(node: SpanNode, nodes: readonly SpanNode[]): string {
  const { span } = node;
  if (!span.mesh) return span.service;
  const reached = Boolean(span.attributes[span.kind === 'server' ? 'drydock.upstream.address' : 'network.peer.address']);
  if (span.kind === 'server') {
    const appSpeaks = node.children.some((child) => nodes[child]?.span.mesh === false);
    return appSpeaks || !reached ? '' : span.service;
  }
  // A call with no other side here went to somebody who makes no spans: the time is theirs, unless no answer came.
  const answered = (span.attributes['http.response.status_code'] || !span.error) && !madeByProxy(span);
  if (node.children.length > 0 || !reached || !answered) return '';
  const call = isAttempt(span) ? nodes[node.parent]?.span : span;
  const peer = call?.attributes['service.peer.name'];
  return typeof peer === 'string' ? peer : '';
}

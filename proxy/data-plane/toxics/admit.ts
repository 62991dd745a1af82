import type { Clock, Random } from '../clock.ts';
import type { ToxicSpec } from '../messages.ts';
import { findToxicType } from './index.ts';

/** What the toxics say to a new connection before anything is dialled. */
export interface Admission {
  admitted: boolean;
  /** Toxicity already drawn here, by toxic name: the connection's chains must not draw it again. */
  draws: ReadonlyMap<string, boolean>;
}

/** Asks the toxics that can refuse a connection, each with its own draw of its toxicity. */
export function admitConnection(
  toxics: readonly ToxicSpec[],
  deps: { clock: Pick<Clock, 'now'>; randomOf: (toxic: ToxicSpec) => Random },
): Admission {
  const draws = new Map<string, boolean>();
  let admitted = true;
  for (const toxic of toxics) {
    const type = findToxicType(toxic.type);
    if (type?.admits === undefined) continue;
    const acts = deps.randomOf(toxic)() < toxic.toxicity;
    draws.set(toxic.name, acts);
    if (acts && !type.admits(toxic.attributes, deps.clock.now())) admitted = false;
  }
  return { admitted, draws };
}

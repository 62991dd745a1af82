import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import { compile } from '../control-plane/compile/index.ts';
import { explain, prepareViews } from '../data-plane/explain/explain.ts';
import { CommandError } from './command.ts';
import { loadOffline } from './load-offline.ts';

/** Explains a request from files alone, with the routing code the engine runs. */
export async function explainOffline(files: string[], request: ExplainRequest): Promise<Explanation> {
  const { snapshot } = compile(await loadOffline(files), { version: 1, now: Date.now() });
  try {
    return explain(snapshot, prepareViews(snapshot), request);
  } catch (reason) {
    throw new CommandError((reason as Error).message);
  }
}

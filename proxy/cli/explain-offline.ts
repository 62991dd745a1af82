import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import { hasErrors, loadFiles, ResourceSet, validate } from '../config/index.ts';
import { compile } from '../control-plane/compile/index.ts';
import { explain, prepareViews } from '../data-plane/explain/explain.ts';
import { CommandError } from './command.ts';

/** Explains a request from files alone, with the routing code the engine runs. */
export async function explainOffline(files: string[], request: ExplainRequest): Promise<Explanation> {
  const loaded = await loadFiles(files);
  const change = ResourceSet.empty.replaceFiles(loaded.documents, { now: Date.now() });
  const diagnostics = [...loaded.diagnostics, ...change.diagnostics];
  if (!hasErrors(diagnostics)) diagnostics.push(...(await validate(change.set)));
  const error = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  if (error)
    throw new CommandError(`${error.file ?? ''}${error.line ? `:${error.line}` : ''} ${error.message}`.trim(), diagnostics);
  const { snapshot } = compile(change.set, { version: 1, now: Date.now() });
  try {
    return explain(snapshot, prepareViews(snapshot), request);
  } catch (reason) {
    throw new CommandError((reason as Error).message);
  }
}

import { hasErrors, loadFiles, ResourceSet, validate } from '../config/index.ts';
import { CommandError } from './command.ts';

/** A sound configuration from files, without an engine; the first error in words when it is not. */
export async function loadOffline(files: string[]): Promise<ResourceSet> {
  const loaded = await loadFiles(files);
  const change = ResourceSet.empty.replaceFiles(loaded.documents, { now: Date.now() });
  const diagnostics = [...loaded.diagnostics, ...change.diagnostics];
  if (!hasErrors(diagnostics)) diagnostics.push(...(await validate(change.set)));
  const error = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  if (error)
    throw new CommandError(`${error.file ?? ''}${error.line ? `:${error.line}` : ''} ${error.message}`.trim(), diagnostics);
  return change.set;
}

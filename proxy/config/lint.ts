import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { hasErrors, sortDiagnostics } from './diagnostics.ts';
import { findInert } from './lint/find-inert.ts';
import { loadFiles } from './load.ts';
import type { ParsedResource } from './parse.ts';
import { ResourceSet } from './resource-set.ts';
import { type ValidateOptions, validate } from './validate.ts';

/** Everything there is to say about files and folders, without an engine: errors, and what is valid but does nothing. */
export async function lint(paths: readonly string[], options: ValidateOptions = {}): Promise<Diagnostic[]> {
  const { documents, diagnostics } = await loadFiles(paths);
  return sortDiagnostics([...diagnostics, ...(await lintDocuments(documents, options))]);
}

/** The same for documents already parsed; `base` is what they would be applied to (default: nothing). */
export async function lintDocuments(
  documents: readonly ParsedResource[],
  options: ValidateOptions & { base?: ResourceSet } = {},
): Promise<Diagnostic[]> {
  const change = (options.base ?? ResourceSet.empty).apply(documents, { live: false, now: 0 });
  const diagnostics = [...change.diagnostics, ...(await validate(change.set, options))];
  // What is inert can only be told of a configuration that holds together.
  if (!hasErrors(diagnostics)) diagnostics.push(...findInert(change.set));
  return sortDiagnostics(diagnostics);
}

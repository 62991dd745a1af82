import type { Diagnostic } from '../api/diagnostic.schema.ts';

/** What a failed start says of each thing that is wrong; null for any other error. By shape: the engine's code is loaded only where it runs. */
export function toldDiagnostics(error: unknown): Diagnostic[] | null {
  if (!(error instanceof Error) || !('diagnostics' in error) || !Array.isArray(error.diagnostics)) return null;
  return error.diagnostics as Diagnostic[];
}

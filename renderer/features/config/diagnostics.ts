import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import type { EngineError } from '../../engine/client.ts';

const weight = { error: 0, warning: 1, info: 2 };

/** Diagnostics of both, each once: errors first, then as they stand in the text. */
export function mergeDiagnostics(first: readonly Diagnostic[], second: readonly Diagnostic[]): Diagnostic[] {
  const known = new Map<string, Diagnostic>();
  for (const one of [...first, ...second]) known.set(`${one.code} ${one.file} ${one.line}:${one.column} ${one.message}`, one);
  return [...known.values()].sort((a, b) => weight[a.severity] - weight[b.severity] || (a.line ?? 0) - (b.line ?? 0));
}

/** What a refused apply says; one of its own where it says nothing more. */
export function diagnosticsOf(error: EngineError): Diagnostic[] {
  const { details } = error;
  if (Array.isArray(details)) return details as Diagnostic[];
  const inside = (details as { diagnostics?: Diagnostic[] } | null)?.diagnostics;
  return inside ?? [{ severity: 'error', code: error.code, message: error.message }];
}

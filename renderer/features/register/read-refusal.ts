import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import { describeError, EngineError } from '../../engine/client.ts';

/** A refusal's diagnostics, each once; else the error itself. */
export function readRefusal(error: unknown): string[] {
  const details = error instanceof EngineError && Array.isArray(error.details) ? (error.details as Partial<Diagnostic>[]) : [];
  const messages = details.flatMap(({ message, suggestion }) =>
    message ? [suggestion ? `${message} ${suggestion}` : message] : [],
  );
  return messages.length > 0 ? [...new Set(messages)] : [describeError(error)];
}

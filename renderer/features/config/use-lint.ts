import { useEffect, useState } from 'react';
import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import { describeError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';

const waitMs = 300;

export interface LintResult {
  /** The text these diagnostics are about. */
  text: string | null;
  diagnostics: readonly Diagnostic[];
  error: string | null;
}

const nothing: LintResult = { text: null, diagnostics: [], error: null };

/** The engine's diagnostics of a text as if it were applied now; asked again when typing rests. */
export function useLint(yaml: string, file: string): LintResult {
  const engine = useEngine();
  const [result, setResult] = useState<LintResult>(nothing);
  useEffect(() => {
    if (yaml.trim() === '') {
      setResult({ text: yaml, diagnostics: [], error: null });
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const { diagnostics } = await engine.call('lint', { body: { yaml, file }, signal: abort.signal });
        if (!abort.signal.aborted) setResult({ text: yaml, diagnostics, error: null });
      } catch (error) {
        if (!abort.signal.aborted) setResult({ text: yaml, diagnostics: [], error: describeError(error) });
      }
    }, waitMs);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [engine, yaml, file]);
  return result;
}

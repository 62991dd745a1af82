import { useState } from 'react';
import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import { describeError, EngineError } from '../../engine/client.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { plural, useToasts } from '../../ui/index.ts';
import { readProtoFile } from './read-proto-file.ts';

/** What is wrong with the files chosen, as sentences with their place. */
export interface ProtoProblem {
  place: string;
  message: string;
  remedy: string;
}
export interface AddProtos {
  busy: boolean;
  problems: readonly ProtoProblem[];
  add: (files: readonly File[]) => Promise<void>;
}

/** Hands chosen files to the engine, which reads them at once: what does not read changes nothing and is told. */
export function useAddProtos({
  service,
  namespace,
  onDone,
}: {
  service: string;
  namespace: string;
  onDone: () => void;
}): AddProtos {
  const engine = useEngine();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const [problems, setProblems] = useState<readonly ProtoProblem[]>([]);
  const add = async (chosen: readonly File[]) => {
    setBusy(true);
    try {
      const files = await Promise.all(chosen.map(readProtoFile));
      const { methods, diagnostics } = await engine.call('addProtos', { body: { service, namespace, files } });
      setProblems(diagnostics.map(problemOf));
      toasts.ok(`Names for ${plural(methods.length, 'method')} of ${service}`);
      onDone();
    } catch (error) {
      setProblems(problemsOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problems, add };
}

export function problemsOf(error: unknown): ProtoProblem[] {
  if (error instanceof EngineError && error.code === 'rejected' && Array.isArray(error.details))
    return (error.details as Diagnostic[]).map(problemOf);
  return [{ place: '', message: describeError(error), remedy: '' }];
}

export function problemOf({ file, line, message, suggestion }: Diagnostic): ProtoProblem {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`;
  return { place, message, remedy: suggestion ?? '' };
}

import path from 'node:path';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import type { Applied } from '../config/index.ts';

export interface EventWords {
  type: string;
  subject: string;
  message: string;
  data: Record<string, unknown>;
}

/** What an accepted change is told as: one event for the change, and one for each fault in it. */
export function appliedEvents(mesh: string, version: number, applied: readonly Applied[]): EventWords[] {
  const changed = applied.filter((one) => one.status !== 'unchanged');
  const words = changed.map((one) => `${one.kind} ${one.namespace}/${one.name} ${one.status}`).join(', ');
  const faults = changed.filter(({ kind }) => kind === 'Fault');
  return [
    { type: 'config.applied', subject: mesh, message: words || 'Nothing changed', data: { version } },
    ...faults.map(({ name, namespace, status }) => {
      const isGone = status === 'deleted';
      const message = `Fault ${name} ${isGone ? 'removed' : 'armed'}`;
      return { type: isGone ? 'fault.removed' : 'fault.armed', subject: name, message, data: { namespace } };
    }),
  ];
}

/** The first error with its place, and how many more there are. */
export function rejectionWords(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  const [first] = errors;
  const where = first?.file ? ` (${path.basename(first.file)}${first.line ? `:${first.line}` : ''})` : '';
  const more = errors.length > 1 ? ` and ${errors.length - 1} more` : '';
  return `${first?.message ?? ''}${where}${more}`;
}

import type { Diagnostic } from '../api/diagnostic.schema.ts';
import type { ParsedResource } from './parse.ts';

/** Position inside a resource: `['spec', 'http', 0, 'route']`. */
export type Path = readonly (string | number)[];

/** `spec.http[0].match[1].headers["end-user"]` */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

export interface DiagnosticInput {
  severity?: Diagnostic['severity'];
  code: string;
  message: string;
  /** `key` points at the field's name, `value` (default) at what it holds. */
  at?: 'key' | 'value';
  suggestion?: string | null;
  fix?: { title: string; replace: string };
}

/** `VirtualService/default/ratings` */
export function resourceId(resource: { kind: string; namespace: string; name: string }): string {
  return `${resource.kind}/${resource.namespace}/${resource.name}`;
}

/** A diagnostic at a path of a resource. */
export function diagnose(resource: ParsedResource, path: Path, input: DiagnosticInput): Diagnostic {
  const position = resource.positionOf(path, input.at);
  return {
    severity: input.severity ?? 'error',
    code: input.code,
    message: input.message,
    file: resource.file,
    ...position,
    resource: resourceId(resource),
    path: formatPath(path),
    ...(input.suggestion ? { suggestion: input.suggestion } : {}),
    ...(input.fix ? { fix: input.fix } : {}),
  };
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}

const severityOrder = { error: 0, warning: 1, info: 2 };
/** By file, then line, then severity: the order a reader fixes them in. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (a, b) =>
      (a.file ?? '').localeCompare(b.file ?? '') ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      severityOrder[a.severity] - severityOrder[b.severity],
  );
}

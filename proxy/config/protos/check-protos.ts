import path from 'node:path';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { diagnose } from '../diagnostics.ts';
import { folderOf, listServices } from '../hosts.ts';
import type { ResourceSet } from '../resource-set.ts';
import type { FileReading, ProtoReader } from './proto-reader.ts';
import type { ProtoProblem } from './read-protos.ts';

/** What is wrong with the `protos` of services; a place inside a .proto is told as such, anything else at the path that names it. */
export async function checkProtos(set: ResourceSet, reader: ProtoReader): Promise<Diagnostic[]> {
  const diagnostics: Diagnostic[] = [];
  for (const { name, ports, resource, mesh } of listServices(set)) {
    const given = mesh?.spec.protos ?? [];
    if (mesh === null || given.length === 0) continue;
    const at = [...mesh.path, 'protos'];
    const folder = folderOf(resource);
    for (const problem of (await reader.read(given, folder)).problems) {
      const index = given.findIndex((one) => problem.message.startsWith(`${one} `) || covers(path.resolve(folder, one), problem));
      const diagnostic = diagnose(resource, index < 0 ? at : [...at, index], { ...problem, severity: severityOf(problem) });
      diagnostics.push(problem.file === null ? diagnostic : { ...diagnostic, ...placeOf(problem) });
    }
    if (ports.length > 0 && ports.every(({ protocol }) => protocol === 'tcp')) {
      const message = `${name} speaks tcp: only the messages of gRPC are read with .proto files.`;
      diagnostics.push(
        diagnose(resource, at, { severity: 'warning', code: 'DD1012', message, suggestion: 'Use protocol: grpc.' }),
      );
    }
  }
  return diagnostics;
}

/** The same without a mesh file that names them. */
export function protoDiagnostics({ problems }: Pick<FileReading, 'problems'>): Diagnostic[] {
  return problems.map((problem) => ({
    ...{ severity: severityOf(problem), code: problem.code, message: problem.message, suggestion: problem.suggestion },
    ...(problem.file === null ? {} : placeOf(problem)),
  }));
}

function placeOf({ file, line }: ProtoProblem): Pick<Diagnostic, 'file' | 'line' | 'column' | 'endLine' | 'endColumn'> {
  return { file: file!, line: line ?? 1, column: 1, endLine: undefined, endColumn: undefined };
}

function covers(given: string, { file }: ProtoProblem): boolean {
  return file !== null && (file === given || file.startsWith(given + path.sep));
}

function severityOf({ code }: ProtoProblem): 'error' | 'warning' {
  return code === 'DD1012' ? 'warning' : 'error';
}

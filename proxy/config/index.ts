/** Files → resources → diagnostics. The one door of this folder: import from here. */
export { diagnose, formatPath, hasErrors, type Path, resourceId, sortDiagnostics } from './diagnostics.ts';
export { exportGatewayApi } from './export/gateway-api.ts';
export { type ExportResult, exportIstio } from './export/istio.ts';
export { kindNamed, noSuchKind } from './kinds/kind-names.ts';
export { findInert } from './lint/find-inert.ts';
export { lint, lintDocuments } from './lint.ts';
export { type LoadResult, loadFiles } from './load.ts';
export { type ParsedResource, type ParseResult, type Position, parseLimits, parseText, withNamespace } from './parse.ts';
export { protoDiagnostics } from './protos/check-protos.ts';
export { type FileReading, ProtoReader } from './protos/proto-reader.ts';
export { type ProtoReading, type ProtoSource, readProtos } from './protos/read-protos.ts';
export {
  type Applied,
  type AppliedStatus,
  type ApplyOptions,
  applyDocuments,
  groupOf,
  type ResourceEntry,
  ResourceSet,
  refOf,
  type SetChange,
} from './resource-set.ts';
export { type ValidateOptions, validate } from './validate.ts';

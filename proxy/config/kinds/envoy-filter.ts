import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { type ConfigPatchSpec, specOf } from '../envoy-filter/patch.ts';
import { readPatches } from '../envoy-filter/read-patches.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';

const understood =
  'Understood: HTTP_FILTER INSERT_* of local_ratelimit; HTTP_ROUTE and VIRTUAL_HOST MERGE of its overrides, timeouts and max_stream_duration; ' +
  'NETWORK_FILTER MERGE of the connection manager’s timeouts and server header; CLUSTER MERGE of outlier_detection, keepalive and timeouts.';

/** istiod's ValidateEnvoyFilter, and what is valid but nothing Drydock acts on: each such part is named with its place. */
export function checkEnvoyFilter(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = specOf(resource);
  for (const [index, patch] of (spec.configPatches ?? []).entries()) checkPatch(check, patch, index);
  if (check.diagnostics.length > 0) return check.diagnostics;
  if (spec.targetRefs?.length) {
    check.report(['spec', 'targetRefs'], {
      severity: 'warning',
      code: 'DD4108',
      message: 'An EnvoyFilter with targetRefs is not acted on.',
      suggestion: 'Use workloadSelector.',
    });
    return check.diagnostics;
  }
  for (const { index, patch, unread } of readPatches(resource)) {
    const { applyTo, patch: operation } = spec.configPatches?.[index] ?? {};
    const name = `configPatches[${index}] (${[applyTo, operation?.operation].filter(Boolean).join(' ')})`;
    for (const { path, message } of unread) {
      const what = patch === null ? 'the patch is not acted on' : 'the rest of the patch is';
      check.report(path, {
        severity: 'warning',
        code: 'DD4108',
        message: `${name}: ${message}; ${what}.`,
        suggestion: understood,
      });
    }
    if (patch === null && unread.length === 0) {
      const message = `${name} changes nothing that Drydock knows.`;
      check.report(['spec', 'configPatches', index], { severity: 'warning', code: 'DD4108', message, suggestion: understood });
    }
  }
  return check.diagnostics;
}

/** Which match an object takes. */
const matchOf: Readonly<Record<string, 'listener' | 'routeConfiguration' | 'cluster'>> = {
  LISTENER: 'listener',
  LISTENER_FILTER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

function checkPatch(check: Checker, { applyTo = '', match, patch }: ConfigPatchSpec, index: number): void {
  const path = ['spec', 'configPatches', index];
  if (patch === undefined) {
    check.error(path, 'A patch is missing: operation and value.');
    return;
  }
  if (patch.operation === undefined || patch.operation === 'INVALID')
    check.error([...path, 'patch'], 'A patch needs an operation.');
  else if (patch.operation !== 'REMOVE' && patch.value === undefined)
    check.error([...path, 'patch'], `${patch.operation} needs a value.`);
  const own = matchOf[applyTo];
  for (const other of ['listener', 'routeConfiguration', 'cluster'] as const) {
    if (own !== undefined && other !== own && match?.[other] !== undefined)
      check.error([...path, 'match', other], `${applyTo} takes match.${own}, not match.${other}.`);
  }
}

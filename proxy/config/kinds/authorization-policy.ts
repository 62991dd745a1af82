import { isIP } from 'node:net';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { nearest } from '../../shared/nearest.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { AuthorizationPolicySpec } from './istio-types.ts';

const conditionKeys = [
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
];
const conditionMaps = /^(request\.headers|request\.auth\.claims|experimental\.envoy\.filters\.[\w.]+)\[.+\]$/;

/** What istiod's ValidateAuthorizationPolicy refuses beyond the schema. */
export function checkAuthorizationPolicy(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as AuthorizationPolicySpec;
  const action = spec.action ?? 'ALLOW';
  if (action === 'CUSTOM' && !spec.provider?.name) check.error(['spec', 'action'], 'CUSTOM needs provider.name.');
  if (action !== 'CUSTOM' && spec.provider) check.error(['spec', 'provider'], 'provider is only for action: CUSTOM.');
  if (spec.selector && (spec.targetRef || spec.targetRefs?.length))
    check.error(['spec', 'selector'], 'Either selector or targetRefs.');
  if ((action === 'DENY' || action === 'CUSTOM') && spec.rules === undefined) {
    check.error(['spec', 'action'], `${action} without rules never matches.`, 'Add rules; `rules: [{}]` matches every request.');
  }
  for (const [i, rule] of (spec.rules ?? []).entries()) {
    const path = ['spec', 'rules', i];
    if (rule === null) {
      check.error(path, 'An empty rule: write {} to match everything.');
      continue;
    }
    if (rule.from?.length === 0) check.error([...path, 'from'], 'from is empty: leave it out to allow any source.');
    if (rule.to?.length === 0) check.error([...path, 'to'], 'to is empty: leave it out to allow any operation.');
    for (const [j, from] of (rule.from ?? []).entries()) {
      checkFields(check, [...path, 'from', j, 'source'], from.source);
      const source = from.source ?? {};
      if (source.serviceAccounts?.length && (source.principals?.length || source.namespaces?.length)) {
        check.error(
          [...path, 'from', j, 'source', 'serviceAccounts'],
          'serviceAccounts cannot stand beside principals or namespaces.',
        );
      }
      for (const field of ['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks'] as const) {
        for (const [k, block] of (source[field] ?? []).entries()) {
          checkBlock(check, [...path, 'from', j, 'source', field, k], block);
        }
      }
    }
    for (const [j, to] of (rule.to ?? []).entries()) {
      checkFields(check, [...path, 'to', j, 'operation'], to.operation);
      for (const field of ['ports', 'notPorts'] as const) {
        for (const [k, port] of (to.operation?.[field] ?? []).entries()) {
          check.port([...path, 'to', j, 'operation', field, k], /^\d+$/.test(port) ? Number(port) : Number.NaN);
        }
      }
      for (const field of ['paths', 'notPaths'] as const) {
        for (const [k, value] of (to.operation?.[field] ?? []).entries())
          checkPath(check, [...path, 'to', j, 'operation', field, k], value);
      }
    }
    for (const [j, when] of (rule.when ?? []).entries()) {
      if (!conditionKeys.includes(when.key) && !conditionMaps.test(when.key)) {
        const meant = nearest(when.key, conditionKeys);
        check.error(
          [...path, 'when', j, 'key'],
          `\`${when.key}\` is not a condition.`,
          meant ? `Did you mean \`${meant}\`?` : undefined,
        );
      }
      for (const field of ['values', 'notValues'] as const) {
        for (const [k, value] of (when[field] ?? []).entries()) {
          const at = [...path, 'when', j, field, k];
          if (addressKeys.has(when.key)) checkBlock(check, at, value);
          else if (when.key === 'destination.port') check.port(at, /^\d+$/.test(value) ? Number(value) : Number.NaN);
        }
      }
      if (!when.values?.length && !when.notValues?.length)
        check.error([...path, 'when', j], 'A condition needs values or notValues.');
    }
  }
  return check.diagnostics;
}

const addressKeys = new Set(['source.ip', 'remote.ip', 'destination.ip']);

function checkBlock(check: Checker, path: (string | number)[], block: string): void {
  const [address = '', length] = block.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  if (family === 0 || (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits))) {
    check.error(path, `\`${block}\` is not an IP address or CIDR range.`);
  }
}

function checkFields(check: Checker, path: (string | number)[], fields: Partial<Record<string, string[]>> | undefined): void {
  if (!fields || Object.keys(fields).length === 0) {
    check.error(path, 'Nothing is set here: a source or an operation constrains at least one field.');
    return;
  }
  for (const [field, values] of Object.entries(fields)) {
    for (const [i, value] of (values ?? []).entries())
      if (value === '') check.error([...path, field, i], 'An empty value never matches.');
  }
}

/** `{*}` and `{**}` are whole path elements, and nothing may follow `{**}` but literals (Istio path templates). */
function checkPath(check: Checker, path: (string | number)[], value: string): void {
  if (!/[{}]/.test(value)) return;
  const parts = value.split('/').slice(1);
  const bad = parts.find((part) => /[{}]/.test(part) && part !== '{*}' && part !== '{**}');
  if (bad !== undefined) check.error(path, `\`${bad}\` is not a path template: a whole element is {*} or {**}.`);
  else if (value.includes('*', 0) && parts.some((part) => part.includes('*') && part !== '{*}' && part !== '{**}')) {
    check.error(path, 'A path has either templates ({*}) or a wildcard (*), not both.');
  } else if (parts.filter((part) => part === '{**}').length > 1) check.error(path, '{**} may stand once.');
}

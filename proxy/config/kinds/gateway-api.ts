import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { GatewayApiRouteSpec, RouteFilterSpec } from './istio-types.ts';

const filterField: Record<string, keyof RouteFilterSpec> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  RequestMirror: 'requestMirror',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
};

/** The CEL rules of HTTPRoute and GRPCRoute, which the published schemas carry but their validators do not run. */
export function checkGatewayApiRoute(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as GatewayApiRouteSpec;
  for (const [i, hostname] of (spec.hostnames ?? []).entries()) check.host(['spec', 'hostnames', i], hostname);
  for (const [i, rule] of (spec.rules ?? []).entries()) {
    const path = ['spec', 'rules', i];
    for (const [j, match] of (rule.matches ?? []).entries()) {
      const value = match.path?.value;
      if (match.path?.type === 'RegularExpression') check.regex([...path, 'matches', j, 'path', 'value'], value);
      else if (value !== undefined && !value.startsWith('/'))
        check.error([...path, 'matches', j, 'path', 'value'], 'A path starts with /.');
      for (const field of ['headers', 'queryParams'] as const) {
        for (const [k, entry] of (match[field] ?? []).entries()) {
          if (entry.type === 'RegularExpression') check.regex([...path, 'matches', j, field, k, 'value'], entry.value);
        }
      }
    }
    checkFilters(
      check,
      [...path, 'filters'],
      rule.filters ?? [],
      (rule.matches ?? []).some((m) => (m.path?.type ?? 'PathPrefix') !== 'PathPrefix'),
    );
    for (const [j, backend] of (rule.backendRefs ?? []).entries()) {
      checkFilters(check, [...path, 'backendRefs', j, 'filters'], backend.filters ?? [], false);
      if ((backend.kind ?? 'Service') === 'Service' && backend.port === undefined) {
        check.error([...path, 'backendRefs', j], 'A backendRef to a Service needs a port.');
      }
    }
    if (rule.filters?.some((f) => f.type === 'RequestRedirect') && rule.backendRefs?.length) {
      check.error([...path, 'backendRefs'], 'A rule that redirects has no backendRefs.');
    }
    check.duration([...path, 'timeouts', 'request'], rule.timeouts?.request, { zero: true });
    check.duration([...path, 'timeouts', 'backendRequest'], rule.timeouts?.backendRequest, { zero: true });
    check.duration([...path, 'retry', 'backoff'], rule.retry?.backoff);
  }
  return check.diagnostics;
}

function checkFilters(check: Checker, path: Path, filters: RouteFilterSpec[], otherPaths: boolean): void {
  const types = filters.map((f) => f.type);
  for (const [i, filter] of filters.entries()) {
    const field = filterField[filter.type];
    if (!field)
      check.report([...path, i, 'type'], {
        severity: 'warning',
        code: 'DD4103',
        message: `Filter ${filter.type} is not applied here.`,
      });
    else if (filter[field] === undefined) check.error([...path, i], `A ${filter.type} filter needs ${field}.`);
    const once = ['RequestRedirect', 'URLRewrite', 'RequestHeaderModifier', 'ResponseHeaderModifier', 'CORS'].includes(
      filter.type,
    );
    if (once && types.indexOf(filter.type) < i) check.error([...path, i, 'type'], `${filter.type} may stand once in a rule.`);
    const modifier = filter.requestRedirect?.path ?? filter.urlRewrite?.path;
    if (modifier?.type === 'ReplacePrefixMatch' && otherPaths) {
      check.error([...path, i], 'ReplacePrefixMatch needs matches of type PathPrefix.');
    }
  }
  if (types.includes('RequestRedirect') && types.includes('URLRewrite')) {
    check.error([...path, types.indexOf('URLRewrite'), 'type'], 'RequestRedirect and URLRewrite exclude each other.');
  }
}

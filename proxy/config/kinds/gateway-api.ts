import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type { BackendTlsPolicySpec, GatewayApiGatewaySpec, GatewayApiRouteSpec, RouteFilterSpec } from './istio-types.ts';

const filterField: Record<string, keyof RouteFilterSpec> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  RequestMirror: 'requestMirror',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
};

const modifiers = ['RequestHeaderModifier', 'ResponseHeaderModifier'];
const served: Record<string, readonly string[]> = {
  HTTPRoute: [...modifiers, 'RequestRedirect', 'URLRewrite', 'RequestMirror', 'CORS'],
  GRPCRoute: [...modifiers, 'RequestMirror'],
};

/** A filter for which istiod serves nothing of the whole route. */
export interface UnservableFilter {
  path: Path;
  type: string;
  /** True in a backendRef, where only header modifiers are served. */
  ofBackend: boolean;
}

/**
 * Filters istiod does not know where they stand: ExtensionRef and ExternalAuth anywhere, redirects, rewrites, mirrors and CORS in a
 * backendRef. Those of a backendRef without weight are not looked at. Source: pilot/pkg/config/kube/gateway/conversion.go,
 * convertHTTPRoute, buildHTTPDestination.
 */
export function findUnservableFilters(resource: ParsedResource): UnservableFilter[] {
  const found: UnservableFilter[] = [];
  const look = (path: Path, filters: readonly RouteFilterSpec[] | undefined, ofBackend: boolean): void => {
    const known = ofBackend ? modifiers : (served[resource.kind] ?? []);
    for (const [k, { type }] of (filters ?? []).entries())
      if (!known.includes(type)) found.push({ path: [...path, k, 'type'], type, ofBackend });
  };
  for (const [i, rule] of ((resource.spec as GatewayApiRouteSpec).rules ?? []).entries()) {
    const path = ['spec', 'rules', i];
    look([...path, 'filters'], rule.filters, false);
    for (const [j, backend] of (rule.backendRefs ?? []).entries())
      if (backend.weight !== 0) look([...path, 'backendRefs', j, 'filters'], backend.filters, true);
  }
  return found;
}

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
  for (const { path, type, ofBackend } of findUnservableFilters(resource)) {
    const where = ofBackend ? `${type} in a backendRef` : `Filter ${type}`;
    check.report(path, {
      severity: 'warning',
      code: 'DD4103',
      message: `${where} is not supported, by Istio neither: nothing of this ${resource.kind} is served (InvalidFilter).`,
    });
  }
  return check.diagnostics;
}

/** The CEL rules of a Gateway's listeners. */
export function checkGatewayApiGateway(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const { listeners = [] } = resource.spec as GatewayApiGatewaySpec;
  for (const [i, { name, protocol, port, hostname = '', tls }] of listeners.entries()) {
    const path = ['spec', 'listeners', i];
    const before = listeners.slice(0, i);
    if (before.some((other) => other.name === name)) check.error([...path, 'name'], `Two listeners are called ${name}.`);
    if (before.some((other) => other.port === port && other.protocol === protocol && (other.hostname ?? '') === hostname))
      check.error([...path, 'port'], 'Port, protocol and hostname together are another listener’s already.');
    if (tls && ['HTTP', 'TCP', 'UDP'].includes(protocol)) check.error([...path, 'tls'], `Protocol ${protocol} has no tls.`);
    if (protocol === 'HTTPS' && tls?.mode === 'Passthrough')
      check.error([...path, 'tls', 'mode'], 'HTTPS ends TLS: passthrough takes protocol TLS.');
    if (hostname !== '' && ['TCP', 'UDP'].includes(protocol))
      check.error([...path, 'hostname'], `Protocol ${protocol} has no hostnames.`);
  }
  return check.diagnostics;
}

/** TLSRoute and TCPRoute. */
export function checkGatewayApiL4Route(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as GatewayApiRouteSpec;
  for (const [i, hostname] of (spec.hostnames ?? []).entries()) check.host(['spec', 'hostnames', i], hostname);
  for (const [i, rule] of (spec.rules ?? []).entries()) {
    for (const [j, backend] of (rule.backendRefs ?? []).entries()) {
      if ((backend.kind ?? 'Service') === 'Service' && backend.port === undefined)
        check.error(['spec', 'rules', i, 'backendRefs', j], 'A backendRef to a Service needs a port.');
    }
  }
  return check.diagnostics;
}

/** The CEL rules of its validation: one source of trust, and each alternative name of its type. */
export function checkBackendTlsPolicy(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const { validation = {} } = resource.spec as BackendTlsPolicySpec;
  const path = ['spec', 'validation'];
  const refs = validation.caCertificateRefs ?? [];
  if (refs.length > 0 && validation.wellKnownCACertificates)
    check.error([...path, 'wellKnownCACertificates'], 'caCertificateRefs and wellKnownCACertificates exclude each other.');
  if (refs.length === 0 && !validation.wellKnownCACertificates)
    check.error(path, 'Whom to trust: set caCertificateRefs or wellKnownCACertificates.');
  for (const [i, name] of (validation.subjectAltNames ?? []).entries()) {
    const field = name.type === 'URI' ? 'uri' : 'hostname';
    if (!name[field]) check.error([...path, 'subjectAltNames', i], `A name of type ${name.type} needs ${field}.`);
  }
  return check.diagnostics;
}

function checkFilters(check: Checker, path: Path, filters: RouteFilterSpec[], otherPaths: boolean): void {
  const types = filters.map((f) => f.type);
  for (const [i, filter] of filters.entries()) {
    const field = filterField[filter.type];
    if (field !== undefined && filter[field] === undefined) check.error([...path, i], `A ${filter.type} filter needs ${field}.`);
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

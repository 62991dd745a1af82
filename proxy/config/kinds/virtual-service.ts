import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type {
  HeadersSpec,
  HttpFaultSpec,
  HttpMatchSpec,
  HttpRouteSpec,
  L4RouteSpec,
  RetriesSpec,
  RouteDestinationSpec,
  VirtualServiceSpec,
} from './istio-types.ts';

/** Envoy's retry conditions (router filter, x-envoy-retry-on and x-envoy-retry-grpc-on) as Istio accepts them. */
export const retryConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

/** What istiod's ValidateVirtualService refuses beyond the schema. */
export function checkVirtualService(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as VirtualServiceSpec;
  const isDelegate = (spec.hosts ?? []).length === 0;
  if (isDelegate && (spec.gateways ?? []).length > 0) {
    check.error(['spec', 'gateways'], 'A VirtualService without hosts is a delegate; a delegate has no gateways.');
  }
  if (isDelegate && (spec.tcp?.length || spec.tls?.length))
    check.error(['spec'], 'A delegate VirtualService has only http routes.');
  const seen = new Set<string>();
  for (const [i, host] of (spec.hosts ?? []).entries()) {
    check.host(['spec', 'hosts', i], host);
    if (seen.has(host.toLowerCase())) check.error(['spec', 'hosts', i], `\`${host}\` is listed twice.`);
    seen.add(host.toLowerCase());
    if (host === '*' && (spec.gateways ?? ['mesh']).includes('mesh')) {
      check.error(
        ['spec', 'hosts', i],
        'The host `*` cannot be used for sidecars (gateway `mesh`).',
        'List gateways, or name the hosts.',
      );
    }
  }
  if (!spec.http?.length && !spec.tcp?.length && !spec.tls?.length) {
    check.error(['spec'], 'http, tcp or tls must have at least one route.');
  }
  for (const [i, rule] of (spec.http ?? []).entries()) checkHttpRule(check, ['spec', 'http', i], rule, isDelegate);
  for (const [i, rule] of (spec.tcp ?? []).entries()) checkL4Rule(check, ['spec', 'tcp', i], rule, null);
  for (const [i, rule] of (spec.tls ?? []).entries()) checkL4Rule(check, ['spec', 'tls', i], rule, spec.hosts ?? []);
  return check.diagnostics;
}

function checkHttpRule(check: Checker, path: Path, rule: HttpRouteSpec, inDelegate: boolean): void {
  const actions = (['route', 'redirect', 'directResponse', 'delegate'] as const).filter((k) =>
    k === 'route' ? (rule.route?.length ?? 0) > 0 : rule[k] !== undefined,
  );
  if (actions.length === 0) {
    check.error(path, 'A rule needs one of route, redirect, directResponse, delegate.');
  } else if (actions.length > 1) {
    check.error(
      [...path, actions[1]!],
      `A rule has exactly one of route, redirect, directResponse, delegate; here are ${actions.join(' and ')}.`,
    );
  }
  if (rule.delegate && inDelegate) check.error([...path, 'delegate'], 'A delegate cannot delegate again.');
  if (rule.delegate && rule.fault) check.error([...path, 'fault'], 'A delegating rule has no fault: put it into the delegate.');
  for (const action of ['redirect', 'directResponse'] as const) {
    if (rule[action] && rule.fault) check.error([...path, 'fault'], `A rule with ${action} cannot have a fault.`);
    if (rule[action] && rule.rewrite) check.error([...path, 'rewrite'], `A rule with ${action} cannot have a rewrite.`);
  }
  if (rule.mirror && rule.mirrors?.length) check.error([...path, 'mirrors'], 'Use either mirror or mirrors.');
  for (const [i, match] of (rule.match ?? []).entries()) checkHttpMatch(check, [...path, 'match', i], match, inDelegate);
  checkDestinations(check, path, rule.route ?? []);
  checkHttpActions(check, path, rule);
  check.duration([...path, 'timeout'], rule.timeout, { zero: true });
  if (rule.retries) checkRetries(check, [...path, 'retries'], rule.retries);
  if (rule.fault) checkFaultBlock(check, [...path, 'fault'], rule.fault);
  checkHeaders(check, [...path, 'headers'], rule.headers);
  const cors = rule.corsPolicy;
  check.duration([...path, 'corsPolicy', 'maxAge'], cors?.maxAge, { zero: true });
  for (const [i, origin] of (cors?.allowOrigins ?? []).entries()) {
    check.stringMatch([...path, 'corsPolicy', 'allowOrigins', i], origin);
  }
  check.percent([...path, 'mirrorPercentage', 'value'], rule.mirrorPercentage?.value);
  for (const [i, mirror] of (rule.mirrors ?? []).entries()) {
    check.percent([...path, 'mirrors', i, 'percentage', 'value'], mirror.percentage?.value);
  }
}

function checkHttpActions(check: Checker, path: Path, rule: HttpRouteSpec): void {
  const { rewrite, redirect, directResponse } = rule;
  if (rewrite && rewrite.uri === undefined && rewrite.authority === undefined && rewrite.uriRegexRewrite === undefined) {
    check.error([...path, 'rewrite'], 'A rewrite sets uri, authority or uriRegexRewrite.');
  }
  if (rewrite?.uri !== undefined && rewrite.uriRegexRewrite) {
    check.error([...path, 'rewrite', 'uriRegexRewrite'], 'A rewrite has either uri or uriRegexRewrite.');
  }
  if (rewrite?.uriRegexRewrite) {
    if (!rewrite.uriRegexRewrite.match)
      check.error([...path, 'rewrite', 'uriRegexRewrite'], 'uriRegexRewrite needs a match: Envoy takes no empty pattern.');
    check.regex([...path, 'rewrite', 'uriRegexRewrite', 'match'], rewrite.uriRegexRewrite.match);
  }
  if (redirect) {
    const code = redirect.redirectCode;
    if (code !== undefined && code !== 0 && ![301, 302, 303, 307, 308].includes(code)) {
      check.error([...path, 'redirect', 'redirectCode'], `${code} is not a redirect: 301, 302, 303, 307 or 308.`);
    }
    if (redirect.uri === undefined && !redirect.authority && !redirect.scheme && !redirect.port && !redirect.derivePort) {
      check.error([...path, 'redirect'], 'A redirect changes at least one of uri, authority, scheme, port.');
    }
    if (redirect.port !== undefined && redirect.derivePort !== undefined) {
      check.error([...path, 'redirect', 'derivePort'], 'A redirect has either port or derivePort.');
    }
    if (redirect.scheme !== undefined && !['http', 'https'].includes(redirect.scheme)) {
      check.error([...path, 'redirect', 'scheme'], `\`${redirect.scheme}\` is not a scheme to redirect to: http or https.`);
    }
    check.port([...path, 'redirect', 'port'], redirect.port);
  }
  if (directResponse) {
    const { status, body } = directResponse;
    if (!(status >= 200 && status <= 599))
      check.error([...path, 'directResponse', 'status'], `${status} is not a status from 200 to 599.`);
    const length = body?.string?.length ?? Math.floor(((body?.bytes?.length ?? 0) * 3) / 4);
    if (length > 1_048_576) check.error([...path, 'directResponse', 'body'], 'The body is larger than 1 MiB.');
    if (body?.string !== undefined && body.bytes !== undefined) {
      check.error([...path, 'directResponse', 'body'], 'The body is either string or bytes.');
    }
  }
}

function checkHttpMatch(check: Checker, path: Path, match: HttpMatchSpec, inDelegate: boolean): void {
  if (match === null) {
    check.error(path, 'An empty match entry.');
    return;
  }
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) check.stringMatch([...path, field], match[field]);
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, value] of Object.entries(match[field] ?? {})) {
      check.stringMatch([...path, field, name], value ?? undefined, true);
      if (field === 'queryParams' && value?.prefix !== undefined) {
        check.report([...path, field, name, 'prefix'], {
          severity: 'warning',
          code: 'DD4011',
          message: 'Older Istio versions ignore prefix matches on query parameters.',
        });
      }
      if (field !== 'queryParams' && !/^(:?[A-Za-z0-9!#$%&'*+.^_`|~-]+|@request\.auth\.claims[.[].+)$/.test(name)) {
        check.error([...path, field, name], `\`${name}\` is not a header name.`);
      }
    }
  }
  check.port([...path, 'port'], match.port);
  if (inDelegate && match.gateways?.length) check.error([...path, 'gateways'], 'A delegate’s match has no gateways.');
}

function checkDestinations(check: Checker, path: Path, route: RouteDestinationSpec[]): void {
  let total = 0;
  for (const [i, { destination, weight, headers }] of route.entries()) {
    const at = [...path, 'route', i];
    if (!destination?.host) {
      check.error([...at, 'destination'], 'A destination needs a host.');
      continue;
    }
    check.host([...at, 'destination', 'host'], destination.host, { wildcard: false });
    check.port([...at, 'destination', 'port', 'number'], destination.port?.number);
    if ((weight ?? 0) < 0) check.error([...at, 'weight'], 'A weight is not negative.');
    total += weight ?? 0;
    checkHeaders(check, [...at, 'headers'], headers);
  }
  if (route.length > 1 && total === 0) {
    check.error([...path, 'route'], 'All weights are zero: nothing could be picked.', 'Give at least one destination a weight.');
  }
}

function checkRetries(check: Checker, path: Path, retries: RetriesSpec): void {
  const { attempts, retryOn } = retries;
  if ((attempts ?? 0) < 0) check.error([...path, 'attempts'], 'attempts is not negative.');
  // Left out is 0, as in the API.
  if (!attempts) {
    for (const field of ['perTryTimeout', 'retryOn', 'retryRemoteLocalities'] as const) {
      if (retries[field] !== undefined) {
        check.error([...path, field], `attempts: 0, or none, turns retries off; ${field} has no place beside it.`);
      }
    }
  }
  check.duration([...path, 'perTryTimeout'], retries.perTryTimeout, { zero: true });
  check.duration([...path, 'backoff'], retries.backoff);
  for (const part of (retryOn ?? '').split(',').map((p) => p.trim())) {
    if (part === '' || retryConditions.includes(part)) continue;
    if (/^\d+$/.test(part) ? Number(part) < 100 || Number(part) > 599 : true) {
      check.error(
        [...path, 'retryOn'],
        `\`${part}\` is not a retry condition.`,
        `Known: ${retryConditions.join(', ')}, or a status code.`,
      );
    }
  }
}

function checkFaultBlock(check: Checker, path: Path, { delay, abort }: HttpFaultSpec): void {
  if (!delay && !abort) check.error(path, 'A fault has a delay, an abort, or both.');
  if (delay) {
    check.duration([...path, 'delay', 'fixedDelay'], delay.fixedDelay);
    check.percent([...path, 'delay', 'percentage', 'value'], delay.percentage?.value);
    if (delay.exponentialDelay !== undefined) {
      check.error(
        [...path, 'delay', 'exponentialDelay'],
        'exponentialDelay is not implemented by Istio.',
        'Use fixedDelay, or a Fault with a distribution.',
      );
    } else if (delay.fixedDelay === undefined) check.error([...path, 'delay'], 'A delay needs fixedDelay.');
  }
  if (abort) {
    check.percent([...path, 'abort', 'percentage', 'value'], abort.percentage?.value);
    if (abort.http2Error !== undefined) check.error([...path, 'abort', 'http2Error'], 'http2Error is not implemented by Istio.');
    else if ((abort.httpStatus === undefined) === (abort.grpcStatus === undefined)) {
      check.error([...path, 'abort'], 'An abort has exactly one of httpStatus and grpcStatus.');
    }
    if (abort.httpStatus !== undefined && !(abort.httpStatus >= 200 && abort.httpStatus <= 599)) {
      check.error([...path, 'abort', 'httpStatus'], `${abort.httpStatus} is not a status from 200 to 599.`);
    }
    if (abort.grpcStatus !== undefined && grpcStatusNumber(abort.grpcStatus) === null) {
      check.error(
        [...path, 'abort', 'grpcStatus'],
        `\`${abort.grpcStatus}\` is not a gRPC status.`,
        `Known: ${grpcStatusNames.join(', ')}.`,
      );
    }
  }
}

function checkHeaders(check: Checker, path: Path, headers: HeadersSpec | undefined): void {
  for (const direction of ['request', 'response'] as const) {
    const operations = headers?.[direction];
    for (const kind of ['set', 'add'] as const) {
      for (const name of Object.keys(operations?.[kind] ?? {})) {
        if (!/^:?[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
          check.error([...path, direction, kind, name], `\`${name}\` is not a header name.`);
        }
      }
    }
    for (const [i, name] of (operations?.remove ?? []).entries()) {
      if (/^(:|host$)/i.test(name)) check.error([...path, direction, 'remove', i], `\`${name}\` cannot be removed.`);
    }
  }
}

function checkL4Rule(check: Checker, path: Path, rule: L4RouteSpec, tlsHosts: string[] | null): void {
  if (!rule.route?.length) check.error(path, 'A rule needs a route.');
  checkDestinations(check, path, rule.route ?? []);
  if (tlsHosts && !rule.match?.length) check.error(path, 'A TLS rule needs a match with sniHosts.');
  for (const [i, match] of (rule.match ?? []).entries()) {
    check.port([...path, 'match', i, 'port'], match.port);
    if (!tlsHosts) continue;
    if (!match.sniHosts?.length) check.error([...path, 'match', i, 'sniHosts'], 'A TLS match needs sniHosts.');
    for (const [j, sni] of (match.sniHosts ?? []).entries()) {
      if (!tlsHosts.some((host) => coversHost(host, sni))) {
        check.error([...path, 'match', i, 'sniHosts', j], `\`${sni}\` is not covered by the VirtualService’s hosts.`);
      }
    }
  }
}

/** Whether a host pattern (`*`, `*.foo.com`, `a.foo.com`) covers another pattern. */
export function coversHost(pattern: string, host: string): boolean {
  const [p, h] = [pattern.toLowerCase(), host.toLowerCase()];
  if (p === '*' || p === h) return true;
  return p.startsWith('*') && h.replace(/^\*/, '').endsWith(p.slice(1)) && h.length >= p.length;
}

export const grpcStatusNames = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** `UNAVAILABLE`, `14` or 14 → 14; null when it is no gRPC status. */
export function grpcStatusNumber(status: string | number): number | null {
  const number =
    typeof status === 'number' ? status : /^\d+$/.test(status) ? Number(status) : grpcStatusNames.indexOf(status.toUpperCase());
  return number >= 0 && number <= 16 ? number : null;
}

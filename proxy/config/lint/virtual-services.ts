import { RE2JS } from 're2js';
import { parseDurationMs } from '../../shared/duration.ts';
import type { Path } from '../diagnostics.ts';
import type { HttpRouteSpec, VirtualServiceSpec } from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { type LintContext, policyBlocks } from './lint-context.ts';

/** Rules that are reached but do less, or other, than they seem to. */
export function lintVirtualServices(context: LintContext): void {
  for (const resource of context.resources('VirtualService')) {
    for (const [i, rule] of ((resource.spec as VirtualServiceSpec).http ?? []).entries()) {
      const path = ['spec', 'http', i];
      lintFault(context, resource, rule, path);
      lintRetries(context, resource, rule, path);
      lintWeights(context, resource, rule, path);
      lintRewrite(context, resource, rule, path);
      lintSubstitution(context, resource, rule, path);
      lintDirectResponse(context, resource, rule, path);
    }
  }
}

function lintFault(context: LintContext, resource: ParsedResource, { fault, retries, timeout }: HttpRouteSpec, path: Path): void {
  if (!fault) return;
  for (const kind of ['delay', 'abort'] as const) {
    const block = fault[kind];
    if (block && block.percentage?.value === undefined && !block.percent) {
      context.warn(
        resource,
        [...path, 'fault', kind],
        'DD4012',
        `No percentage: Istio takes it as 0, so this ${kind} never happens.`,
        'Add percentage: {value: 100}.',
      );
    }
  }
  if (!retries && timeout === undefined) return;
  const deaf = [retries ? 'retries' : '', timeout === undefined ? '' : 'timeout'].filter(Boolean).join(' and ');
  context.warn(
    resource,
    [...path, 'fault'],
    'DD4013',
    `This fault acts in the caller’s proxy, before the router: ${deaf} of the same rule never see it.`,
    'Use a Drydock Fault (side: server) to rehearse them.',
  );
}

function lintRetries(context: LintContext, resource: ParsedResource, { retries, timeout }: HttpRouteSpec, path: Path): void {
  if (!retries || retries.attempts === 0) return;
  const perTry = retries.perTryTimeout === undefined ? null : parseDurationMs(retries.perTryTimeout);
  const whole = timeout === undefined ? null : parseDurationMs(timeout);
  if (perTry && whole && perTry >= whole) {
    context.warn(
      resource,
      [...path, 'retries', 'perTryTimeout'],
      'DD4014',
      `perTryTimeout (${retries.perTryTimeout}) is not below timeout (${timeout}): it is ignored and no try is left after the first timeout.`,
    );
  }
  if (retries.retryOn === undefined || retries.retryOn === '') {
    const lost = perTry ? 'neither 5xx responses nor per-try timeouts are' : '5xx responses are not';
    context.warn(
      resource,
      [...path, 'retries'],
      'DD4016',
      `Without retryOn Istio’s default list applies: ${lost} retried.`,
      'Add e.g. retryOn: 5xx,reset,connect-failure.',
    );
  } else if (perTry && !/\b(reset|gateway-error|5xx)\b/.test(retries.retryOn)) {
    context.warn(
      resource,
      [...path, 'retries', 'perTryTimeout'],
      'DD4015',
      'A try that hits perTryTimeout is not retried by these conditions: it ends as 504.',
      'Add reset, gateway-error or 5xx to retryOn.',
    );
  }
}

function lintWeights(context: LintContext, resource: ParsedResource, { route = [] }: HttpRouteSpec, path: Path): void {
  if (route.length === 1 && route[0]!.weight !== undefined && route[0]!.weight !== 100) {
    context.warn(
      resource,
      [...path, 'route', 0, 'weight'],
      'DD4017',
      'A single destination gets everything: its weight is ignored.',
    );
  }
  if (route.length < 2) return;
  const total = route.reduce((sum, r) => sum + (r.weight ?? 0), 0);
  if (total !== 100) {
    context.warn(
      resource,
      [...path, 'route'],
      'DD4018',
      `The weights add up to ${total}: shares are ${route.map((r) => `${Math.round((1000 * (r.weight ?? 0)) / total) / 10}%`).join(', ')}.`,
    );
  }
  for (const [j, r] of route.entries()) {
    if (!r.weight) context.warn(resource, [...path, 'route', j], 'DD4019', 'Weight 0: this destination never gets a request.');
    const service = context.hosts.find(r.destination.host, resource.namespace);
    const hashed = service
      ? context
          .destinationRules(service)
          .some(({ spec }) => policyBlocks(spec).some((b) => b.policy.loadBalancer?.consistentHash))
      : false;
    if (hashed && j === 0) {
      context.warn(
        resource,
        [...path, 'route'],
        'DD4007',
        'The weighted split is drawn per request before the consistent hash: one user changes between versions.',
        'Match a header or cookie instead of weights to keep users on a version.',
      );
    }
  }
}

function lintRewrite(context: LintContext, resource: ParsedResource, { match = [], rewrite }: HttpRouteSpec, path: Path): void {
  if (rewrite?.uri !== '/') return;
  const bare = match.findIndex((m) => m.uri?.prefix !== undefined && m.uri.prefix.length > 1 && !m.uri.prefix.endsWith('/'));
  if (bare < 0) return;
  const prefix = match[bare]!.uri!.prefix!;
  context.warn(
    resource,
    [...path, 'rewrite', 'uri'],
    'DD4023',
    `${prefix}/x becomes //x: the prefix is replaced as text.`,
    `Add a match with prefix ${prefix}/ before it, or use uriRegexRewrite.`,
  );
}

/** RE2 gives up on the whole replacement, without a word, when a group is missing. */
function lintSubstitution(context: LintContext, resource: ParsedResource, { rewrite }: HttpRouteSpec, path: Path): void {
  const regex = rewrite?.uriRegexRewrite;
  if (regex?.match === undefined || regex.rewrite === undefined) return;
  const groups = RE2JS.compile(regex.match).groupCount();
  const missing = [...regex.rewrite.matchAll(/\\(?:\\|([0-9]))/g)]
    .map((found) => Number(found[1] ?? 0))
    .find((group) => group > groups);
  if (missing === undefined) return;
  context.warn(
    resource,
    [...path, 'rewrite', 'uriRegexRewrite', 'rewrite'],
    'DD4050',
    `\\${missing} names a group that the pattern does not have (it has ${groups}): Envoy leaves the path as it is.`,
    'Put brackets around the part of the pattern that is meant.',
  );
}

function lintDirectResponse(context: LintContext, resource: ParsedResource, { directResponse }: HttpRouteSpec, path: Path): void {
  if (directResponse?.status !== 204 || directResponse.body === undefined) return;
  context.warn(
    resource,
    [...path, 'directResponse', 'body'],
    'DD4051',
    'A 204 has no body. Envoy sends it all the same, and clients take it for the beginning of the next response.',
    'Use status 200, or leave the body out.',
  );
}

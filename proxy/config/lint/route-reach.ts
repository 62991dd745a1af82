import { nearest } from '../../shared/nearest.ts';
import { clusterDomain } from '../hosts.ts';
import type { HttpMatchSpec, HttpRouteSpec, VirtualServiceSpec } from '../kinds/istio-types.ts';
import { coversHost } from '../kinds/virtual-service.ts';
import type { ParsedResource } from '../parse.ts';
import type { LintContext } from './lint-context.ts';

/** Whether a VirtualService and each of its rules can ever be asked. */
export function lintRouteReach(context: LintContext): void {
  const owners = new Map<string, ParsedResource>();
  for (const resource of context.resources('VirtualService')) {
    const spec = resource.spec as VirtualServiceSpec;
    lintHosts(context, resource, spec, owners);
    lintRules(context, resource, spec.http ?? []);
  }
}

function lintHosts(
  context: LintContext,
  resource: ParsedResource,
  spec: VirtualServiceSpec,
  owners: Map<string, ParsedResource>,
): void {
  const inMesh = (spec.gateways?.length ? spec.gateways : ['mesh']).includes('mesh');
  for (const [i, host] of (spec.hosts ?? []).entries()) {
    const path = ['spec', 'hosts', i];
    const fqdn = context.hosts.resolve(host, resource.namespace);
    const service = context.hosts.find(host, resource.namespace);
    const insideMesh = fqdn.endsWith(clusterDomain) || fqdn.endsWith('.svc');
    const covered = host.startsWith('*') && context.services.some((s) => coversHost(fqdn, s.fqdn));
    if (!service && insideMesh && !covered) {
      const meant = nearest(host, context.hosts.names(resource.namespace));
      context.warn(
        resource,
        path,
        'DD4002',
        `No service is called \`${host}\`: no request ever has this host.`,
        meant ? `Did you mean \`${meant}\`?` : undefined,
      );
    }
    if (service && !inMesh) {
      context.warn(
        resource,
        ['spec', 'gateways'],
        'DD4004',
        `gateways does not list \`mesh\`: calls between services to ${service.name} ignore this VirtualService.`,
        'Add mesh to gateways.',
      );
    }
    if (service && !service.external && host.includes('.') && host.toLowerCase().replace(/\.$/, '') !== service.fqdn) {
      context.warn(
        resource,
        path,
        'DD4032',
        `\`${host}\` is taken as it stands by Istio, which completes only names without a dot.`,
        `Write ${service.fqdn}.`,
      );
    }
    if (!inMesh) continue;
    const first = owners.get(fqdn);
    if (first && first !== resource) {
      context.warn(
        resource,
        path,
        'DD4003',
        `${first.namespace}/${first.name} (${first.file}:${first.line}) is older and has the same host: Istio does not merge them, this one is ignored for it.`,
        'Put all rules into one VirtualService.',
      );
    } else owners.set(fqdn, resource);
    lintProtocol(context, resource, spec, service);
  }
}

function lintProtocol(
  context: LintContext,
  resource: ParsedResource,
  spec: VirtualServiceSpec,
  service: ReturnType<LintContext['hosts']['find']>,
): void {
  if (!service || service.ports.length === 0) return;
  const tcp = service.ports.filter((p) => p.protocol === 'tcp').length;
  if (spec.http?.length && tcp === service.ports.length) {
    context.warn(
      resource,
      ['spec', 'http'],
      'DD4031',
      `${service.name} speaks tcp: http rules never apply to it.`,
      'Use tcp, or set the service’s protocol to http.',
    );
  }
  if (spec.tcp?.length && tcp === 0) {
    context.warn(resource, ['spec', 'tcp'], 'DD4031', `${service.name} speaks HTTP: tcp rules never apply to it.`, 'Use http.');
  }
}

function lintRules(context: LintContext, resource: ParsedResource, rules: readonly HttpRouteSpec[]): void {
  const catchAll = rules.findIndex(isCatchAll);
  for (const [i, rule] of rules.entries()) {
    const path = ['spec', 'http', i];
    if (catchAll >= 0 && i > catchAll) {
      const line = resource.positionOf(['spec', 'http', catchAll]).line;
      context.warn(
        resource,
        path,
        'DD4001',
        `This rule is never reached: the rule on line ${line} takes every request before it.`,
        'Move it above the catch-all rule.',
      );
      continue;
    }
    const matches = rule.match ?? [];
    const before = rules.slice(0, i).flatMap((r, k) => (r.match ?? []).map((match) => ({ match, k })));
    const covering = matches.map((match) => before.find((b) => takesBefore(b.match, match)));
    if (matches.length > 0 && covering.every((c) => c !== undefined)) {
      const line = resource.positionOf(['spec', 'http', covering[0]!.k]).line;
      context.warn(
        resource,
        path,
        'DD4042',
        `This rule is never reached: the rule on line ${line} already takes ${describeUri(matches[0]!)}.`,
        'Order rules from the most specific to the least: the first match wins, not the longest.',
      );
    }
  }
}

/** A rule without a match, or with an empty one, takes everything. */
function isCatchAll(rule: HttpRouteSpec): boolean {
  return (
    !rule.match?.length || rule.match.some((match) => conditionsOf(match).every((k) => k === 'uri' && match.uri?.prefix === '/'))
  );
}

function conditionsOf(match: HttpMatchSpec): string[] {
  return Object.keys(match).filter((k) => !['name', 'statPrefix', 'ignoreUriCase'].includes(k));
}

/** Whether the earlier match, by its path alone, takes everything the later one could. */
function takesBefore(earlier: HttpMatchSpec, later: HttpMatchSpec): boolean {
  const conditions = conditionsOf(earlier);
  if (conditions.length !== 1 || conditions[0] !== 'uri' || earlier.ignoreUriCase !== later.ignoreUriCase) return false;
  const wide = earlier.uri!;
  const text = later.uri?.exact ?? later.uri?.prefix;
  if (text === undefined) return wide.regex !== undefined && wide.regex === later.uri?.regex;
  if (wide.prefix !== undefined) return text.startsWith(wide.prefix);
  return wide.exact !== undefined && later.uri?.exact === wide.exact;
}

function describeUri(match: HttpMatchSpec): string {
  const { uri } = match;
  return uri?.prefix !== undefined ? `paths that start with ${uri.prefix}` : `the path ${uri?.exact ?? uri?.regex ?? ''}`;
}

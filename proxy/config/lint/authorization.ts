import { isIP } from 'node:net';
import { authorizingProviders } from '../../api/extension-provider.schema.ts';
import type { MeshSpec } from '../../api/mesh.schema.ts';
import { nearest } from '../../shared/nearest.ts';
import type { Path } from '../diagnostics.ts';
import type { KnownWorkload } from '../hosts.ts';
import type { AuthorizationPolicySpec, RequestAuthenticationSpec, SelectorSpec } from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { type LintContext, matchesLabels } from './lint-context.ts';

/* AuthorizationPolicies that are valid and look at something that never is: identities, methods, ports, tokens. */

const rootNamespace = 'istio-system';

/** Workloads a security policy is for: of its namespace, or of all from the root namespace, narrowed by its selector. */
export function reaches(context: LintContext, resource: ParsedResource): KnownWorkload[] {
  const { selector } = resource.spec as { selector?: SelectorSpec };
  return context.workloads.filter(
    (w) =>
      (resource.namespace === rootNamespace || w.service.namespace === resource.namespace) &&
      matchesLabels(selector?.matchLabels, w.labels),
  );
}

export function lintAuthorizationRules(context: LintContext): void {
  const policies = context.resources('AuthorizationPolicy');
  for (const resource of policies) {
    lintDryRun(context, resource);
    const { rules } = resource.spec as AuthorizationPolicySpec;
    for (const [i, rule] of (rules ?? []).entries()) {
      const path: Path = ['spec', 'rules', i];
      for (const [j, from] of (rule?.from ?? []).entries())
        lintSource(context, resource, [...path, 'from', j, 'source'], from.source ?? {});
      for (const [j, to] of (rule?.to ?? []).entries())
        lintOperation(context, resource, [...path, 'to', j, 'operation'], to.operation ?? {});
    }
    lintTokens(context, resource);
  }
  lintProviders(context, policies);
  lintAuthorizers(context);
}

function lintDryRun(context: LintContext, resource: ParsedResource): void {
  const annotations = resource.metadata.annotations as Record<string, unknown> | undefined;
  if (!/^(1|t|true)$/i.test(String(annotations?.['istio.io/dry-run'] ?? ''))) return;
  const message = 'dry-run: nothing is refused; each exchange says what would have been.';
  context.inform(
    resource,
    ['metadata', 'annotations', 'istio.io/dry-run'],
    'DD4060',
    message,
    'Remove the annotation to enforce it.',
  );
}

type Lists = Partial<Record<string, string[]>>;

function lintSource(context: LintContext, resource: ParsedResource, path: Path, source: Lists): void {
  const known = {
    principals: context.workloads.map((w) => `${trustDomain(context)}/ns/${w.service.namespace}/sa/${accountOf(w)}`),
    namespaces: context.workloads.map((w) => w.service.namespace),
    serviceAccounts: context.workloads.map((w) => `${w.service.namespace}/${accountOf(w)}`),
  };
  for (const field of ['serviceAccounts', 'notServiceAccounts'] as const) {
    for (const [k, value] of (source[field] ?? []).entries()) {
      if (!value.includes('*')) continue;
      const message = `serviceAccounts know no wildcards: \`${value}\` is nobody’s name, so this never matches.`;
      context.warn(
        resource,
        [...path, field, k],
        'DD4057',
        message,
        'Name each account, or write principals with a wildcard: "*/sa/NAME".',
      );
    }
  }
  if (context.workloads.length === 0) return;
  for (const field of ['principals', 'namespaces', 'serviceAccounts'] as const) {
    // The ingress has an identity of its own.
    const all = new Set([...known[field], ...ingressIdentity(context, field)]);
    for (const [k, written] of (source[field] ?? []).entries()) {
      const value = field === 'serviceAccounts' && !written.includes('/') ? `${resource.namespace}/${written}` : written;
      if (value.includes('*') || value.startsWith('spiffe://') || all.has(value)) continue;
      const meant = nearest(value, [...all]);
      const message = `No workload of this mesh is \`${written}\`: nobody matches.`;
      context.warn(
        resource,
        [...path, field, k],
        'DD4056',
        message,
        meant ? `Did you mean \`${meant}\`?` : `Known: ${[...all].slice(0, 5).join(', ')}.`,
      );
    }
  }
}

function ingressIdentity(context: LintContext, field: 'principals' | 'namespaces' | 'serviceAccounts'): string[] {
  const account = 'istio-ingressgateway-service-account';
  if (field === 'namespaces') return [rootNamespace];
  return field === 'principals' ? [`${trustDomain(context)}/ns/${rootNamespace}/sa/${account}`] : [`${rootNamespace}/${account}`];
}

const accountOf = ({ service }: KnownWorkload): string => service.mesh?.spec.serviceAccount ?? service.name;
const trustDomain = (context: LintContext): string =>
  String((context.resources('Mesh')[0]?.spec as { trustDomain?: string } | undefined)?.trustDomain ?? 'cluster.local');

function lintOperation(context: LintContext, resource: ParsedResource, path: Path, operation: Lists): void {
  for (const field of ['methods', 'notMethods'] as const) {
    for (const [k, value] of (operation[field] ?? []).entries()) {
      if (value === value.toUpperCase()) continue;
      const message = `Methods are case-sensitive: \`${value}\` never matches.`;
      context.warn(resource, [...path, field, k], 'DD4055', message, `Write ${value.toUpperCase()}.`);
    }
  }
  for (const field of ['paths', 'notPaths'] as const) {
    for (const [k, value] of (operation[field] ?? []).entries()) {
      const at = [...path, field, k];
      if (value.includes('?')) {
        const bare = value.slice(0, value.indexOf('?'));
        context.warn(
          resource,
          at,
          'DD4055',
          'Paths are compared without their query: this never matches.',
          `Write ${bare || '/'}.`,
        );
      } else if (!value.startsWith('/') && !value.startsWith('*')) {
        context.warn(resource, at, 'DD4055', `A path begins with a slash: \`${value}\` never matches.`, `Write /${value}.`);
      }
    }
  }
  const reached = reaches(context, resource);
  if (reached.length === 0) return;
  const ports = new Set(reached.flatMap((w) => [...w.service.ports.map((p) => String(p.port)), ...appPorts(w)]));
  for (const [k, value] of (operation.ports ?? []).entries()) {
    if (ports.has(value)) continue;
    const message = `No workload this policy is for has port ${value}: this never matches.`;
    context.warn(resource, [...path, 'ports', k], 'DD4061', message, `Known: ${[...ports].slice(0, 5).join(', ')}.`);
  }
}

const appPorts = ({ spec }: KnownWorkload): string[] =>
  [spec.address, ...Object.values(spec.addresses ?? {})].flatMap((address) => address?.split(':').slice(-1) ?? []);

/** Rules that ask for a token where no RequestAuthentication reads one. */
function lintTokens(context: LintContext, resource: ParsedResource): void {
  const reached = reaches(context, resource);
  if (reached.length === 0) return;
  const reading = context
    .resources('RequestAuthentication')
    .filter((r) => ((r.spec as RequestAuthenticationSpec).jwtRules ?? []).length > 0)
    .flatMap((r) => reaches(context, r));
  if (reached.some((workload) => reading.includes(workload))) return;
  const { rules } = resource.spec as AuthorizationPolicySpec;
  for (const [i, rule] of (rules ?? []).entries()) {
    const [j] = [...(rule?.from ?? []).entries()].find(([, from]) => from.source?.requestPrincipals?.length) ?? [];
    const [w] =
      [...(rule?.when ?? []).entries()].find(([, when]) => when.key.startsWith('request.auth.') && when.values?.length) ?? [];
    const path: Path | null =
      j !== undefined ? ['from', j, 'source', 'requestPrincipals'] : w !== undefined ? ['when', w, 'key'] : null;
    if (path === null) continue;
    context.warn(
      resource,
      ['spec', 'rules', i, ...path],
      'DD4058',
      'This asks for a verified token, but no RequestAuthentication reads one here: it never matches.',
      'Add a RequestAuthentication with jwtRules for the same workloads.',
    );
  }
}

/** An authorizer Istio would not find: it has to be a service of the mesh or a ServiceEntry's host. Addresses are for this machine only. */
function lintAuthorizers(context: LintContext): void {
  for (const resource of context.resources('Mesh')) {
    const { extensionProviders, namespace } = resource.spec as Partial<MeshSpec>;
    for (const [i, provider] of (extensionProviders ?? []).entries()) {
      for (const kind of authorizingProviders) {
        const service = provider[kind]?.service;
        if (service === undefined) continue;
        const slash = service.indexOf('/');
        const [home, host] = slash < 0 ? [namespace ?? 'default', service] : [service.slice(0, slash), service.slice(slash + 1)];
        if (isIP(host) !== 0 || host === 'localhost' || context.hosts.find(host, home)) continue;
        const meant = nearest(host, context.hosts.names(home));
        context.warn(
          resource,
          ['spec', 'extensionProviders', i, kind, 'service'],
          'DD4062',
          `No service or ServiceEntry is called \`${host}\`: Istio could not ask it, and would refuse what policies put to ${provider.name}.`,
          meant ? `Did you mean \`${meant}\`?` : 'Add it to the mesh’s services, or as a ServiceEntry.',
        );
      }
    }
  }
}

/** Istio refuses what CUSTOM policies match while a workload's name several providers. */
function lintProviders(context: LintContext, policies: readonly ParsedResource[]): void {
  const first = new Map<KnownWorkload, { provider: string; resource: ParsedResource }>();
  for (const resource of policies) {
    const { action, provider } = resource.spec as AuthorizationPolicySpec;
    if (action !== 'CUSTOM' || !provider?.name) continue;
    for (const workload of reaches(context, resource)) {
      const other = first.get(workload);
      if (other === undefined) first.set(workload, { provider: provider.name, resource });
      else if (other.provider !== provider.name) {
        const where = `${other.resource.name} (${other.resource.file}:${other.resource.line})`;
        const message = `${where} asks ${other.provider} about ${workload.service.name} already: with two providers everything they match is refused.`;
        context.warn(
          resource,
          ['spec', 'provider', 'name'],
          'DD4059',
          message,
          `Use ${other.provider} here too, or another selector.`,
        );
        break;
      }
    }
  }
}

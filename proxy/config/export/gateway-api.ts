import { stringify } from 'yaml';
import { clusterDomain, HostIndex, listServices } from '../hosts.ts';
import type {
  HeaderOperationsSpec,
  HttpMatchSpec,
  HttpRouteSpec,
  StringMatchSpec,
  VirtualServiceSpec,
} from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import { groupOf, type ResourceSet } from '../resource-set.ts';
import { carryCore, type ExportResult } from './istio.ts';

/**
 * VirtualServices of mesh services as HTTPRoutes with a Service parent (GAMMA); Gateway API documents as written. A subset becomes a
 * Service of its own, `<service>-<subset>`, as Gateway API knows no subsets. What has no counterpart is in the notes.
 */
export function exportGatewayApi(set: ResourceSet): ExportResult {
  const notes: string[] = [];
  const hosts = new HostIndex(listServices(set));
  const documents: string[] = [];
  for (const { resource } of set.list()) {
    const group = groupOf(resource.apiVersion);
    if (group === '') carryCore(resource, documents, notes);
    else if (group === 'gateway.networking.k8s.io') documents.push(resource.yaml);
    else if (resource.kind === 'VirtualService') {
      const route = convert(resource, hosts, notes);
      if (route) documents.push(stringify(route));
    } else if (group.endsWith('istio.io'))
      notes.push(`${resource.kind} ${resource.name} has no Gateway API form: keep it as it is.`);
  }
  return { yaml: documents.map((d) => `${d.trimEnd()}\n`).join('---\n'), notes };
}

function convert(resource: ParsedResource, hosts: HostIndex, notes: string[]): object | null {
  const spec = resource.spec as VirtualServiceSpec;
  const parents = (spec.hosts ?? []).map((h) => hosts.find(h, resource.namespace)).filter((s) => s !== null && !s.external);
  if (parents.length === 0 || !spec.http?.length) {
    notes.push(`VirtualService ${resource.name} is not about a mesh service’s HTTP: left out.`);
    return null;
  }
  const say = (text: string): void => {
    notes.push(`VirtualService ${resource.name}: ${text}`);
  };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: resource.name, namespace: resource.namespace },
    spec: {
      parentRefs: parents.map((s) => ({ group: '', kind: 'Service', name: s!.name, namespace: s!.namespace })),
      rules: spec.http.map((rule) => convertRule(rule, resource, hosts, say)),
    },
  };
}

function convertRule(rule: HttpRouteSpec, resource: ParsedResource, hosts: HostIndex, say: (text: string) => void): object {
  for (const field of ['fault', 'corsPolicy', 'directResponse', 'delegate'] as const) {
    if (rule[field]) say(`${field} is left out.`);
  }
  const filters: object[] = [];
  const modifier = (type: string, field: string, operations: HeaderOperationsSpec | undefined): void => {
    if (!operations) return;
    const list = (record?: Record<string, string>) => Object.entries(record ?? {}).map(([name, value]) => ({ name, value }));
    filters.push({ type, [field]: { set: list(operations.set), add: list(operations.add), remove: operations.remove ?? [] } });
  };
  modifier('RequestHeaderModifier', 'requestHeaderModifier', rule.headers?.request);
  modifier('ResponseHeaderModifier', 'responseHeaderModifier', rule.headers?.response);
  const { rewrite, redirect, retries } = rule;
  if (rewrite?.uriRegexRewrite) say('uriRegexRewrite is left out.');
  if (rewrite?.uri !== undefined || rewrite?.authority) {
    const prefix = (rule.match ?? []).every((m) => m.uri?.prefix !== undefined);
    const path = prefix
      ? { type: 'ReplacePrefixMatch', replacePrefixMatch: rewrite.uri }
      : { type: 'ReplaceFullPath', replaceFullPath: rewrite.uri };
    const urlRewrite = {
      ...(rewrite.authority ? { hostname: rewrite.authority } : {}),
      ...(rewrite.uri === undefined ? {} : { path }),
    };
    filters.push({ type: 'URLRewrite', urlRewrite });
  }
  if (redirect) {
    filters.push({
      type: 'RequestRedirect',
      requestRedirect: {
        ...(redirect.scheme ? { scheme: redirect.scheme } : {}),
        ...(redirect.authority ? { hostname: redirect.authority } : {}),
        ...(redirect.uri ? { path: { type: 'ReplaceFullPath', replaceFullPath: redirect.uri } } : {}),
        ...(redirect.port ? { port: redirect.port } : {}),
        statusCode: redirect.redirectCode || 301,
      },
    });
  }
  const backend = (host: string, subset: string | undefined, port: number | undefined): object => {
    const service = hosts.find(host, resource.namespace);
    if (subset) say(`subset ${subset} becomes the Service ${service?.name ?? host}-${subset}: create it.`);
    const name = service?.name ?? host.replace(`.${resource.namespace}.${clusterDomain}`, '');
    const namespace = service && service.namespace !== resource.namespace ? { namespace: service.namespace } : {};
    return { name: subset ? `${name}-${subset}` : name, ...namespace, port: port ?? service?.ports[0]?.port };
  };
  for (const mirror of [
    ...(rule.mirror ? [{ destination: rule.mirror, percentage: rule.mirrorPercentage }] : []),
    ...(rule.mirrors ?? []),
  ]) {
    const { host, subset, port } = mirror.destination;
    const share = mirror.percentage?.value === undefined ? {} : { percent: Math.round(mirror.percentage.value) };
    filters.push({ type: 'RequestMirror', requestMirror: { backendRef: backend(host, subset, port?.number), ...share } });
  }
  const single = (rule.route ?? []).length === 1;
  return {
    ...(rule.name ? { name: rule.name } : {}),
    ...(rule.match?.length ? { matches: rule.match.map((m) => convertMatch(m, say)) } : {}),
    ...(filters.length > 0 ? { filters } : {}),
    ...(rule.route
      ? {
          backendRefs: rule.route.map(({ destination: d, weight }) => ({
            ...backend(d.host, d.subset, d.port?.number),
            ...(single ? {} : { weight: weight ?? 0 }),
          })),
        }
      : {}),
    ...(rule.timeout || retries?.perTryTimeout
      ? {
          timeouts: {
            ...(rule.timeout ? { request: rule.timeout } : {}),
            ...(retries?.perTryTimeout ? { backendRequest: retries.perTryTimeout } : {}),
          },
        }
      : {}),
    ...(retries?.attempts
      ? {
          retry: {
            attempts: retries.attempts,
            codes: (retries.retryOn ?? '')
              .split(',')
              .map(Number)
              .filter((n) => n >= 400),
          },
        }
      : {}),
  };
}

function convertMatch(match: HttpMatchSpec, say: (text: string) => void): object {
  for (const field of [
    'scheme',
    'authority',
    'withoutHeaders',
    'sourceLabels',
    'sourceNamespace',
    'ignoreUriCase',
    'port',
  ] as const) {
    if (match[field] !== undefined) say(`match on ${field} is left out.`);
  }
  const entries = (record: Record<string, StringMatchSpec> | undefined) =>
    Object.entries(record ?? {}).map(([name, m]) =>
      m.exact !== undefined
        ? { name, value: m.exact }
        : { type: 'RegularExpression', name, value: m.regex ?? (m.prefix === undefined ? '.*' : `${escapeRegex(m.prefix)}.*`) },
    );
  const { uri, method } = match;
  if (method && method.exact === undefined) say('a method match other than exact is left out.');
  return {
    ...(uri ? { path: convertPath(uri) } : {}),
    ...(method?.exact ? { method: method.exact } : {}),
    ...(match.headers ? { headers: entries(match.headers) } : {}),
    ...(match.queryParams ? { queryParams: entries(match.queryParams) } : {}),
  };
}

/** Istio's prefix is text, Gateway API's goes by path element: only a prefix that ends an element carries over as one. */
function convertPath(uri: StringMatchSpec): object {
  if (uri.exact !== undefined) return { type: 'Exact', value: uri.exact };
  if (uri.prefix === undefined) return { type: 'RegularExpression', value: uri.regex };
  return uri.prefix.endsWith('/')
    ? { type: 'PathPrefix', value: uri.prefix }
    : { type: 'RegularExpression', value: `${escapeRegex(uri.prefix)}.*` };
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

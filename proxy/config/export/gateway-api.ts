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

type Say = (text: string) => void;
/** Reference to a service's backend, as a route of this resource writes it. */
type BackendOf = (host: string, subset: string | undefined, port: number | undefined) => object;

function convertRule(rule: HttpRouteSpec, resource: ParsedResource, hosts: HostIndex, say: Say): object {
  for (const field of ['fault', 'corsPolicy', 'directResponse', 'delegate'] as const) {
    if (rule[field]) say(`${field} is left out.`);
  }
  const backend: BackendOf = (host, subset, port) => {
    const service = hosts.find(host, resource.namespace);
    if (subset) say(`subset ${subset} becomes the Service ${service?.name ?? host}-${subset}: create it.`);
    const name = service?.name ?? host.replace(`.${resource.namespace}.${clusterDomain}`, '');
    const namespace = service && service.namespace !== resource.namespace ? { namespace: service.namespace } : {};
    return { name: subset ? `${name}-${subset}` : name, ...namespace, port: port ?? service?.ports[0]?.port };
  };
  const filters = [
    ...headerModifiers(rule),
    ...urlRewrites(rule, say),
    ...(rule.redirect ? [requestRedirect(rule.redirect)] : []),
    ...requestMirrors(rule, backend),
  ];
  const matches = (rule.match ?? []).map((m) => convertMatch(m, say));
  const single = (rule.route ?? []).length === 1;
  const backendRefs = rule.route?.map(({ destination: d, weight }) => ({
    ...backend(d.host, d.subset, d.port?.number),
    ...(single ? {} : { weight: weight ?? 0 }),
  }));
  return {
    ...(rule.name ? { name: rule.name } : {}),
    ...(matches.length > 0 ? { matches } : {}),
    ...(filters.length > 0 ? { filters } : {}),
    ...(backendRefs ? { backendRefs } : {}),
    ...timeoutsAndRetries(rule),
  };
}

function headerModifiers({ headers }: HttpRouteSpec): object[] {
  const list = (record?: Record<string, string>) => Object.entries(record ?? {}).map(([name, value]) => ({ name, value }));
  const modifier = (type: string, field: string, operations: HeaderOperationsSpec | undefined): object[] =>
    operations
      ? [{ type, [field]: { set: list(operations.set), add: list(operations.add), remove: operations.remove ?? [] } }]
      : [];
  return [
    ...modifier('RequestHeaderModifier', 'requestHeaderModifier', headers?.request),
    ...modifier('ResponseHeaderModifier', 'responseHeaderModifier', headers?.response),
  ];
}

function urlRewrites({ rewrite, match }: HttpRouteSpec, say: Say): object[] {
  if (rewrite?.uriRegexRewrite) say('uriRegexRewrite is left out.');
  if (rewrite?.uri === undefined && !rewrite?.authority) return [];
  const isPrefix = (match ?? []).every((m) => m.uri?.prefix !== undefined);
  const path = isPrefix
    ? { type: 'ReplacePrefixMatch', replacePrefixMatch: rewrite.uri }
    : { type: 'ReplaceFullPath', replaceFullPath: rewrite.uri };
  const hostname = rewrite.authority ? { hostname: rewrite.authority } : {};
  return [{ type: 'URLRewrite', urlRewrite: { ...hostname, ...(rewrite.uri === undefined ? {} : { path }) } }];
}

function requestRedirect(redirect: NonNullable<HttpRouteSpec['redirect']>): object {
  return {
    type: 'RequestRedirect',
    requestRedirect: {
      ...(redirect.scheme ? { scheme: redirect.scheme } : {}),
      ...(redirect.authority ? { hostname: redirect.authority } : {}),
      ...(redirect.uri ? { path: { type: 'ReplaceFullPath', replaceFullPath: redirect.uri } } : {}),
      ...(redirect.port ? { port: redirect.port } : {}),
      statusCode: redirect.redirectCode || 301,
    },
  };
}

function requestMirrors(rule: HttpRouteSpec, backend: BackendOf): object[] {
  const only = rule.mirror ? [{ destination: rule.mirror, percentage: rule.mirrorPercentage }] : [];
  return [...only, ...(rule.mirrors ?? [])].map(({ destination: { host, subset, port }, percentage }) => {
    const share = percentage?.value === undefined ? {} : { percent: Math.round(percentage.value) };
    return { type: 'RequestMirror', requestMirror: { backendRef: backend(host, subset, port?.number), ...share } };
  });
}

function timeoutsAndRetries({ timeout, retries }: HttpRouteSpec): object {
  const request = timeout ? { request: timeout } : {};
  const backendRequest = retries?.perTryTimeout ? { backendRequest: retries.perTryTimeout } : {};
  const codes = (retries?.retryOn ?? '')
    .split(',')
    .map(Number)
    .filter((code) => code >= 400);
  return {
    ...(timeout || retries?.perTryTimeout ? { timeouts: { ...request, ...backendRequest } } : {}),
    ...(retries?.attempts ? { retry: { attempts: retries.attempts, codes } } : {}),
  };
}

function convertMatch(match: HttpMatchSpec, say: Say): object {
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

import { authorizingProviders, type ExtensionProviderSpec, otherProviders } from '../../api/extension-provider.schema.ts';
import type { Path } from '../diagnostics.ts';
import type { Checker } from './check.ts';

/** Statuses Envoy's StatusCode enumeration knows; statusOnError takes no other. */
const statusCodes = new Set([
  ...[100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426, 428],
  ...[429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
]);

/** What istiod's validation and its builder of ext_authz filters refuse of meshConfig.extensionProviders. */
export function checkExtensionProviders(check: Checker, providers: readonly ExtensionProviderSpec[]): void {
  const names = new Map<string, number>();
  for (const [i, provider] of providers.entries()) {
    const path = ['spec', 'extensionProviders', i];
    const first = names.get(provider.name);
    if (first === undefined) names.set(provider.name, i);
    else {
      const { line } = check.resource.positionOf(['spec', 'extensionProviders', first, 'name']);
      const message = `The extension provider \`${provider.name}\` is defined twice; the other one is on line ${line}.`;
      check.report([...path, 'name'], { code: 'DD1007', message });
    }
    const kinds = [...authorizingProviders, ...otherProviders].filter((kind) => provider[kind] !== undefined);
    if (kinds.length === 0) {
      check.error(path, 'An extension provider says what it is.', `Add ${authorizingProviders.join(' or ')}.`);
    } else if (kinds.length > 1) {
      check.error([...path, kinds[1]!], `An extension provider is one thing; here are ${kinds.join(' and ')}.`);
    }
    for (const kind of authorizingProviders)
      if (provider[kind] !== undefined) checkAuthorizer(check, [...path, kind], provider[kind]);
    for (const kind of otherProviders) {
      if (provider[kind] === undefined) continue;
      check.report([...path, kind], {
        severity: 'info',
        code: 'DD4101',
        message: `${kind} is accepted but not applied: of extension providers only those that authorize are asked here.`,
        at: 'key',
      });
    }
  }
}

type Authorizer = NonNullable<ExtensionProviderSpec['envoyExtAuthzHttp']>;

function checkAuthorizer(check: Checker, path: Path, spec: Authorizer): void {
  const slash = spec.service.indexOf('/');
  check.host([...path, 'service'], spec.service.slice(slash + 1), { wildcard: false });
  check.duration([...path, 'timeout'], spec.timeout);
  if (spec.statusOnError !== undefined && spec.statusOnError !== '' && !statusCodes.has(Number(spec.statusOnError))) {
    check.error([...path, 'statusOnError'], `\`${spec.statusOnError}\` is no status Envoy can answer with.`, 'Write e.g. "503".');
  }
  if (spec.pathPrefix && !spec.pathPrefix.startsWith('/')) {
    check.error(
      [...path, 'pathPrefix'],
      `pathPrefix begins with a slash; here it is \`${spec.pathPrefix}\`.`,
      `/${spec.pathPrefix}`,
    );
  }
  for (const field of headerLists) {
    for (const [i, name] of (spec[field] ?? []).entries()) {
      if (name === '*')
        check.error([...path, field, i], 'A lone `*` is not supported here.', 'Name the headers, or write `x-*` or `*-id`.');
    }
  }
}

const headerLists = [
  'includeRequestHeadersInCheck',
  'includeHeadersInCheck',
  'headersToUpstreamOnAllow',
  'headersToDownstreamOnAllow',
  'headersToDownstreamOnDeny',
] as const;

import type { ParsedResource, Path } from '../../config/index.ts';
import type { HttpMatchSpec, HttpRouteSpec, StringMatchSpec, VirtualServiceSpec } from '../../config/kinds/istio-types.ts';
import { type CompileContext, isExportedTo } from './context.ts';

/** A rule with the object it was written in; `root` is the VirtualService that owns the hosts. */
export interface OwnedRule {
  rule: HttpRouteSpec;
  root: ParsedResource;
  resource: ParsedResource;
  path: Path;
  /** Path of each match within `resource`, when it differs from `path`.match[j]. */
  matchPaths?: Path[];
}

/** The rules of a VirtualService, delegating rules replaced by their delegate's (one level). */
export function expandDelegates(context: CompileContext, root: ParsedResource): OwnedRule[] {
  const rules = (root.spec as VirtualServiceSpec).http ?? [];
  return rules.flatMap((rule, i): OwnedRule[] => {
    const path = ['spec', 'http', i];
    if (!rule.delegate) return [{ rule, root, resource: root, path }];
    const namespace = rule.delegate.namespace ?? root.namespace;
    const child = context.set.get('VirtualService', namespace, rule.delegate.name ?? '')?.resource;
    const spec = child?.spec as VirtualServiceSpec | undefined;
    if (!child || !spec || !isExportedTo(spec.exportTo, child.namespace, root.namespace)) {
      context.warn(root, [...path, 'delegate'], 'DD4008', 'The delegate is not visible from here: this rule is dropped.');
      return [];
    }
    return (spec.http ?? []).flatMap((own, k) => mergeRule(context, rule, root, own, child, ['spec', 'http', k]));
  });
}

function mergeRule(
  context: CompileContext,
  parent: HttpRouteSpec,
  root: ParsedResource,
  own: HttpRouteSpec,
  child: ParsedResource,
  path: Path,
): OwnedRule[] {
  const merged = mergeMatches(parent.match, own.match);
  if (!merged) {
    context.warn(
      child,
      path,
      'DD4008',
      `No match of this rule lies within a match of ${root.name}’s delegating rule: it is dropped.`,
    );
    return [];
  }
  const { delegate: _delegate, match: _match, name, ...inherited } = parent;
  const rule: HttpRouteSpec = { ...inherited, ...own };
  const joined = [name, own.name].filter(Boolean).join('-');
  if (joined) rule.name = joined;
  if (merged.length > 0) rule.match = merged.map((m) => m.match);
  else delete rule.match;
  return [{ rule, root, resource: child, path, matchPaths: merged.map((m) => (m.own < 0 ? path : [...path, 'match', m.own])) }];
}

/** Each child match must be a subset of some root match; the pair's conditions join. null: all conflict. */
function mergeMatches(
  root: HttpMatchSpec[] | undefined,
  own: HttpMatchSpec[] | undefined,
): { match: HttpMatchSpec; own: number }[] | null {
  if (!root?.length) return (own ?? []).map((match, i) => ({ match, own: i }));
  if (!own?.length) return root.map((match) => ({ match, own: -1 }));
  const merged = own.flatMap((leaf, i) => {
    const fitting = root.find((r) => !conflicts(r, leaf));
    return fitting ? [{ match: joinMatches(fitting, leaf), own: i }] : [];
  });
  return merged.length > 0 ? merged : null;
}

function conflicts(root: HttpMatchSpec, leaf: HttpMatchSpec): boolean {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const)
    if (stringsConflict(root[field], leaf[field])) return true;
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, match] of Object.entries(root[field] ?? {})) {
      if (leaf[field]?.[name] !== undefined && stringsConflict(match, leaf[field][name])) return true;
    }
  }
  if (root.port !== undefined && leaf.port !== undefined && root.port !== leaf.port) return true;
  for (const [key, value] of Object.entries(root.sourceLabels ?? {})) {
    if (leaf.sourceLabels?.[key] !== undefined && leaf.sourceLabels[key] !== value) return true;
  }
  return (
    root.sourceNamespace !== undefined && leaf.sourceNamespace !== undefined && root.sourceNamespace !== leaf.sourceNamespace
  );
}

/** Whether the leaf is not contained in the root; any overlap with a regex counts as a conflict, as in Istio. */
function stringsConflict(root: StringMatchSpec | undefined, leaf: StringMatchSpec | undefined): boolean {
  if (!root || !leaf) return false;
  if (root.regex !== undefined || leaf.regex !== undefined) return true;
  if (root.exact !== undefined) return leaf.exact !== root.exact;
  const prefix = root.prefix ?? '';
  return !(leaf.exact ?? leaf.prefix ?? '').startsWith(prefix);
}

function joinMatches(root: HttpMatchSpec, leaf: HttpMatchSpec): HttpMatchSpec {
  const name = [root.name, leaf.name].filter(Boolean).join('-');
  return {
    ...root,
    ...leaf,
    ...(name ? { name } : {}),
    headers: { ...root.headers, ...leaf.headers },
    withoutHeaders: { ...root.withoutHeaders, ...leaf.withoutHeaders },
    queryParams: { ...root.queryParams, ...leaf.queryParams },
    sourceLabels: { ...root.sourceLabels, ...leaf.sourceLabels },
  };
}

import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { diagnose } from '../diagnostics.ts';
import type { HttpRouteSpec, VirtualServiceSpec } from '../kinds/istio-types.ts';
import type { ResourceSet } from '../resource-set.ts';

/** A rule without a match, or with an empty one, takes everything. */
export function isCatchAll(rule: HttpRouteSpec): boolean {
  if (!rule.match?.length) return true;
  return rule.match.some((match) => {
    const { name: _name, statPrefix: _stat, ...conditions } = match;
    const keys = Object.keys(conditions).filter((k) => k !== 'ignoreUriCase');
    return keys.length === 0 || (keys.length === 1 && match.uri?.prefix === '/');
  });
}

export function lintVirtualServices(set: ResourceSet): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const { resource } of set.list('VirtualService')) {
    const rules = (resource.spec as VirtualServiceSpec).http ?? [];
    const last = rules.findIndex(isCatchAll);
    if (last < 0) continue;
    const line = resource.positionOf(['spec', 'http', last]).line;
    for (let i = last + 1; i < rules.length; i++) {
      diagnostics.push(
        diagnose(resource, ['spec', 'http', i], {
          severity: 'warning',
          code: 'DD4001',
          message: `This rule is never reached: the rule on line ${line} takes every request before it.`,
          suggestion: 'Move it above the catch-all rule.',
        }),
      );
    }
  }
  return diagnostics;
}

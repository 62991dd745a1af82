import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ResourceSet } from '../resource-set.ts';
import { lintDestinationRules } from './destination-rules.ts';
import { LintContext } from './lint-context.ts';
import { lintMesh } from './mesh.ts';
import { lintRouteReach } from './route-reach.ts';
import { lintScenarios } from './scenarios.ts';
import { lintSecurity } from './security.ts';
import { lintVirtualServices } from './virtual-services.ts';

/** Each rule looks at the whole configuration; docs/lint.md has an entry per code. */
const rules: readonly ((context: LintContext) => void)[] = [
  lintMesh,
  lintRouteReach,
  lintVirtualServices,
  lintDestinationRules,
  lintSecurity,
  lintScenarios,
];

/** Valid configuration that does nothing, or not what it looks like. The set must have passed `validate`. */
export function findInert(set: ResourceSet): Diagnostic[] {
  const context = new LintContext(set);
  for (const rule of rules) rule(context);
  return context.diagnostics;
}

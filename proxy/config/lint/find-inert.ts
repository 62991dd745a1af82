import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { ResourceSet } from '../resource-set.ts';
import { lintVirtualServices } from './virtual-services.ts';

/** Valid configuration that does nothing, or not what it looks like. Each rule is a function of the whole set. */
const rules: readonly ((set: ResourceSet) => Diagnostic[])[] = [lintVirtualServices];

export function findInert(set: ResourceSet): Diagnostic[] {
  return rules.flatMap((rule) => rule(set));
}

import { parse } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/**
 * Where in a DestinationRule's spec the outlier detection of one subset is written (`''`: of all traffic): the subset's own, else the rule's.
 * Null when it has none there.
 */
export function outlierPath(yaml: string, subset: string): (string | number)[] | null {
  const spec = fieldsOf(fieldsOf(parse(yaml)).spec);
  const subsets = Array.isArray(spec.subsets) ? spec.subsets.map(fieldsOf) : [];
  const index = subsets.findIndex(({ name }) => name === subset);
  const own = fieldsOf(fieldsOf(subsets[index]).trafficPolicy);
  if (index >= 0 && own.outlierDetection !== undefined) return ['subsets', index, 'trafficPolicy', 'outlierDetection'];
  const policy = fieldsOf(spec.trafficPolicy);
  return policy.outlierDetection === undefined ? null : ['trafficPolicy', 'outlierDetection'];
}

import { parseDocument } from 'yaml';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { useToasts } from '../../ui/index.ts';

/**
 * A DestinationRule with every maxEjectionPercent at 100, so that outlier detection may eject from a pool of a few hosts (Istio's default of 10 %
 * needs ten). What else is written stays, comments too; null when it detects no outliers.
 */
export function withFullEjection(yaml: string): string | null {
  const document = parseDocument(yaml);
  const found: (string | number)[][] = [];
  const look = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      if (key === 'outlierDetection' && typeof inner === 'object') found.push(at);
      else look(inner, at);
    }
  };
  look((document.toJS() as { spec?: unknown } | null)?.spec, ['spec']);
  for (const path of found) document.setIn([...path, 'maxEjectionPercent'], 100);
  return found.length === 0 ? null : document.toString({ lineWidth: 0 });
}

/** Sets it in the rule that governs the pool; resolves to whether it did. Another press on Undo puts the rule back as it was. */
export function useFullEjection(): (cluster: Pick<ClusterStatus, 'policy' | 'service'>) => Promise<boolean> {
  const engine = useEngine();
  const toasts = useToasts();
  return async ({ policy, service }) => {
    try {
      if (policy === null) throw new Error(`No DestinationRule governs ${service}`);
      const { kind, namespace, name } = policy;
      const rule = await engine.call('getResource', { params: { kind, namespace, name } });
      const changed = withFullEjection(rule.yaml);
      if (changed === null) throw new Error(`${name} detects no outliers`);
      const { file } = rule.source;
      await engine.call('apply', { body: { yaml: changed, file } });
      const undo = () =>
        engine
          .call('apply', { body: { yaml: rule.yaml, file } })
          .catch((error: unknown) => toasts.error(`${name} was not put back`, error));
      toasts.show({
        ...{ tone: 'ok', title: `Every host of ${service} may be ejected`, detail: `maxEjectionPercent is 100 in ${name}` },
        action: { label: 'Undo', run: () => void undo() },
      });
      return true;
    } catch (error) {
      toasts.error('maxEjectionPercent was not changed', error);
      return false;
    }
  };
}

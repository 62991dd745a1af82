import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { useToasts } from '../../ui/index.ts';
import { withField } from '../settings/mesh-values.ts';
import { outlierPath } from './set-max-ejection.ts';

type Pool = Pick<ClusterStatus, 'policy' | 'service' | 'subset'>;

/** Only a DestinationRule can be set right from here. */
export const canRaiseEjection = ({ policy }: Pick<Pool, 'policy'>): boolean => policy?.kind === 'DestinationRule';

/**
 * Lets outlier detection eject every host of a pool: maxEjectionPercent: 100 in the rule that governs it, live, with a way back. Resolves to whether
 * it did.
 */
export function useMaxEjection(): (pool: Pool) => Promise<boolean> {
  const engine = useEngine();
  const toasts = useToasts();
  return async ({ policy, service, subset }) => {
    try {
      if (policy === null) throw new Error(`No DestinationRule governs ${service}`);
      const { kind, namespace, name } = policy;
      const rule = await engine.call('getResource', { params: { kind, namespace, name } });
      const path = outlierPath(rule.yaml, subset);
      if (path === null) throw new Error(`${kind} ${name} has no outlierDetection of its own`);
      const { file } = rule.source;
      await engine.call('apply', { body: { yaml: withField(rule.yaml, [...path, 'maxEjectionPercent'], 100), file } });
      const undo = () =>
        engine
          .call('apply', { body: { yaml: rule.yaml, file } })
          .catch((error: unknown) => toasts.error(`${name} was not put back`, error));
      toasts.show({
        ...{ tone: 'ok', title: 'maxEjectionPercent is 100, live' },
        detail: 'The file on disk is unchanged: Config shows what differs.',
        action: { label: 'Undo', run: () => void undo() },
      });
      return true;
    } catch (error) {
      toasts.error('maxEjectionPercent stays as it is', error);
      return false;
    }
  };
}

import type { FaultRequest } from '../../../proxy/api/fault.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { toYaml } from './fault-request.ts';

/**
 * Arms a fault, or the one of its name as changed. Without an end it is applied as a document: what is armed by the API alone would end after ten
 * minutes.
 */
export function useArmFault(): (request: FaultRequest) => Promise<void> {
  const engine = useEngine();
  return async (request) => {
    if (request.spec.expires === undefined) {
      const name = request.name ?? `fault-${Date.now().toString(36).slice(-6)}`;
      await engine.call('apply', { body: { yaml: toYaml({ ...request, name }), file: '' } });
    } else await engine.call('addFault', { body: request });
    await engine.refreshFaults();
  };
}

import { useState } from 'react';
import type { Certificate } from '../../../proxy/api/status.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { plural, useToasts } from '../../ui/index.ts';

export interface Rotation {
  /** The identity whose certificate is being replaced, `all`, or null. */
  busy: string | null;
  rotate: (certificate: Certificate) => Promise<void>;
  rotateAll: () => Promise<void>;
}

/** New certificates for one identity or all; no connection is cut, and what was broken on purpose is healed. */
export function useRotation(): Rotation {
  const engine = useEngine();
  const toasts = useToasts();
  const [busy, setBusy] = useState<string | null>(null);
  const run = async (what: string, refused: string, act: () => Promise<void>) => {
    setBusy(what);
    try {
      await act();
    } catch (error) {
      toasts.error(refused, error);
    } finally {
      setBusy(null);
    }
  };
  return {
    busy,
    rotate: ({ spiffeId, service }) =>
      run(spiffeId, 'The certificate was not rotated', async () => {
        const { certificates } = await engine.call('rotateCertificates', { body: { spiffeId } });
        toasts.ok(`${service} has a new certificate`, `Serial ${certificates[0]?.serialNumber ?? ''}; connections go on.`);
      }),
    rotateAll: () =>
      run('all', 'The certificates were not rotated', async () => {
        const { certificates } = await engine.call('rotateCertificates', { body: {} });
        toasts.ok(`${plural(certificates.length, 'certificate')} rotated`, 'Connections go on; broken ones are healed.');
      }),
  };
}

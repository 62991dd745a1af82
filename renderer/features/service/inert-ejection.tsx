import { useState } from 'react';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Button, Notice } from '../../ui/index.ts';
import { explainInertEjection } from './service-view.ts';
import { canRaiseEjection, useMaxEjection } from './use-max-ejection.ts';

/** Says where outlier detection can never fire, with the one change that lets it. */
export function InertEjection({ cluster }: { cluster: ClusterStatus }) {
  const raise = useMaxEjection();
  const [busy, setBusy] = useState(false);
  const why = explainInertEjection(cluster);
  const { policy } = cluster;
  if (why === null) return null;
  const set = async () => {
    setBusy(true);
    await raise(cluster);
    setBusy(false);
  };
  return (
    <Notice tone="warn">
      <span className="service-inert">
        <span className="grow">{why}</span>
        {canRaiseEjection(cluster) && (
          <Button size="small" disabled={busy} data-testid="set-max-ejection" onClick={() => void set()}>
            Set 100 %
          </Button>
        )}
        {policy && <a href={hrefTo('config', { object: `${policy.kind}/${policy.namespace}/${policy.name}` })}>{policy.name}</a>}
      </span>
    </Notice>
  );
}

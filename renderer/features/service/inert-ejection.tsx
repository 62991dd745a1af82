import { useState } from 'react';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Notice, useToasts } from '../../ui/index.ts';
import { withField } from '../settings/mesh-values.ts';
import { explainInertEjection } from './service-view.ts';
import { outlierPath } from './set-max-ejection.ts';

/** Says where outlier detection can never fire, with the one change that lets it. */
export function InertEjection({ cluster }: { cluster: ClusterStatus }) {
  const engine = useEngine();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const why = explainInertEjection(cluster);
  const { policy } = cluster;
  if (why === null) return null;
  const set = async () => {
    if (!policy) return;
    setBusy(true);
    try {
      const { kind, namespace, name } = policy;
      const rule = await engine.call('getResource', { params: { kind, namespace, name } });
      const path = outlierPath(rule.yaml, cluster.subset);
      if (path === null) throw new Error(`${kind} ${name} has no outlierDetection of its own`);
      const yaml = withField(rule.yaml, [...path, 'maxEjectionPercent'], 100);
      await engine.call('apply', { body: { yaml, file: rule.source.file } });
      toasts.ok('maxEjectionPercent is 100, live', 'The file on disk is unchanged: Config shows what differs.');
    } catch (error) {
      toasts.error('maxEjectionPercent stays as it is', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Notice tone="warn">
      <span className="service-inert">
        <span className="grow">{why}</span>
        {policy?.kind === 'DestinationRule' && (
          <Button size="small" disabled={busy} data-testid="set-max-ejection" onClick={() => void set()}>
            Set 100 %
          </Button>
        )}
        {policy && <a href={hrefTo('config', { object: `${policy.kind}/${policy.namespace}/${policy.name}` })}>{policy.name}</a>}
      </span>
    </Notice>
  );
}

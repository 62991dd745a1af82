import { Split } from 'lucide-react';
import { useState } from 'react';
import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, formatCount, formatRate, formatShare, formatSpan, NumberField, useToasts } from '../../ui/index.ts';
import { requestsHref } from './request-links.ts';
import { findWeightRule, rebalance, toPercent, type WeightRule, writeWeights } from './split-weights.ts';

/** Wanted beside actual shares of the versions, and the weights to change them. */
export function SplitSection({ edge, target }: { edge: GraphEdge; target: GraphNode | undefined }) {
  const several = edge.split.length > 1 || (target?.versions.length ?? 0) > 1;
  const resources = useCall('listResourcesOfKind', several ? { params: { kind: 'VirtualService' } } : null, 5000);
  if (!several || !target) return null;
  const rule = resources.data && findWeightRule(resources.data.resources, target);
  return (
    <section className="topo-section">
      <h3>Split by version</h3>
      <div className="topo-split">
        {edge.split.map(({ version, wanted, actual, count }) => (
          <div key={version} className="topo-split-row num">
            <span className="mono">{version}</span>
            <span className="topo-split-bar" aria-hidden="true">
              <i style={{ width: `${actual * 100}%` }} />
              {wanted !== null && <b style={{ left: `${wanted * 100}%` }} />}
            </span>
            <span>
              <a href={requestsHref(edge, `version:${version}`)} title={`${formatCount(count)} requests`}>
                {formatShare(Math.round(actual * 1000) / 1000)}
              </a>
              {wanted !== null && <span className="muted"> of {formatShare(wanted)}</span>}
            </span>
          </div>
        ))}
      </div>
      <p className="topo-note num">
        Actual, with the wanted share as a mark, over {formatCount(edge.split.reduce((sum, { count }) => sum + count, 0))}{' '}
        requests
        {edge.splitSeconds === undefined ? '' : ` since the weights changed ${formatSpan(edge.splitSeconds * 1000)} ago`}.
        {resources.data && !rule && ' No VirtualService gives weights here: the versions share by load balancing.'}
      </p>
      {rule && <Weights key={rule.resource.yaml} rule={rule} rate={edge.rate} onApplied={resources.reload} />}
    </section>
  );
}

function Weights({ rule, rate, onApplied }: { rule: WeightRule; rate: number; onApplied: () => void }) {
  const engine = useEngine();
  const toasts = useToasts();
  const before = toPercent(rule.destinations.map(({ weight }) => weight));
  const [weights, setWeights] = useState<readonly number[]>(before);
  const [busy, setBusy] = useState(false);
  const changed = weights.some((weight, index) => weight !== before[index]);
  const moved = weights.reduce((sum, weight, index) => sum + Math.max(0, weight - (before[index] ?? 0)), 0);
  const change = (index: number, value: number | null) => value !== null && setWeights(rebalance(weights, index, value));
  const apply = async () => {
    setBusy(true);
    try {
      await engine.call('apply', { body: writeWeights(rule, weights) });
      const where = rule.resource.source.live
        ? undefined
        : `${rule.resource.source.file} keeps its own until you write it there.`;
      toasts.ok(`Weights are now ${weights.join(' / ')}`, where);
      onApplied();
    } catch (error) {
      toasts.error('The weights were not applied', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="topo-weights" data-testid="split-weights">
      {rule.destinations.map(({ label }, index) => (
        <div key={label} className="topo-weight">
          <span className="mono truncate">{label}</span>
          <input
            type="range"
            min={0}
            max={100}
            value={weights[index] ?? 0}
            aria-label={`Weight of ${label}`}
            aria-valuetext={`${weights[index]} %`}
            onChange={(event) => change(index, event.target.valueAsNumber)}
          />
          <NumberField
            label={`Weight of ${label} in percent`}
            unit="%"
            min={0}
            max={100}
            value={weights[index] ?? 0}
            onChange={(value) => change(index, value)}
          />
        </div>
      ))}
      <div className="topo-weight-actions">
        <Button
          variant={changed ? 'primary' : 'default'}
          icon={<Split size={13} />}
          disabled={!changed || busy}
          data-testid="apply-weights"
          onClick={() => void apply()}
        >
          Shift
        </Button>
        {changed && (
          <Button variant="ghost" disabled={busy} onClick={() => setWeights(before)}>
            Reset
          </Button>
        )}
      </div>
      <p className="topo-note num">
        {changed
          ? `Moves about ${formatRate((rate * moved) / 100)} of ${formatRate(rate)} requests a second.`
          : `Weights of VirtualService ${rule.resource.namespace}/${rule.resource.name}.`}
      </p>
    </div>
  );
}

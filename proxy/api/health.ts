import { z } from 'zod';

/**
 * From which share of failed requests on a service or a path is called degraded or failing. Kiali's defaults: any 5xx degrades, 10 % fail;
 * 10 % of 4xx degrade, 20 % fail. https://kiali.io/docs/configuration/health/
 */
const percent = z.number().min(0).max(100);
const levels = (degraded: number, failing: number) =>
  z
    .strictObject({ degraded: percent.default(degraded), failing: percent.default(failing) })
    .refine((one) => one.degraded <= one.failing, { message: 'degraded comes before failing' });

export const healthThresholdsSchema = z.strictObject({
  /** Percent of requests that ended in 5xx or without an answer; 0: a single one. */
  serverErrors: levels(0, 10).prefault({}),
  /** Percent of requests that ended in 4xx. */
  clientErrors: levels(10, 20).prefault({}),
});
export type HealthThresholds = z.infer<typeof healthThresholdsSchema>;

export const defaultHealthThresholds: HealthThresholds = healthThresholdsSchema.parse({});

export type HealthLevel = 'ok' | 'degraded' | 'failing';

/** Shares are 0..1. The one place that judges: engine, topology, tables and service page ask here. */
export function judgeShares(
  shares: { errorShare: number; clientErrorShare?: number },
  thresholds: HealthThresholds = defaultHealthThresholds,
): HealthLevel {
  const server = levelOf(shares.errorShare, thresholds.serverErrors);
  const client = levelOf(shares.clientErrorShare ?? 0, thresholds.clientErrors);
  if (server === 'failing' || client === 'failing') return 'failing';
  return server === 'degraded' || client === 'degraded' ? 'degraded' : 'ok';
}

/** Nobody calls it, and it is busy all the same: a service that only calls others is not without traffic. */
export function onlyCalls(
  node: { id: string; health: string },
  edges: readonly { from: string; count: number; open?: number | undefined }[],
): boolean {
  return node.health === 'idle' && edges.some(({ from, count, open = 0 }) => from === node.id && (count > 0 || open > 0));
}

/** One kind of failure alone. A share of nothing is never bad. */
export function levelOf(share: number, { degraded, failing }: HealthThresholds['serverErrors']): HealthLevel {
  // A tenth of a percent of a percent is how shares of counts miss a threshold they meet.
  const value = share * 100 + 1e-9;
  if (share <= 0) return 'ok';
  if (value >= failing) return 'failing';
  return value >= degraded ? 'degraded' : 'ok';
}

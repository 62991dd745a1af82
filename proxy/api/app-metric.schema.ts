import { z } from 'zod';

/** The last value of one series of an app's own metrics (OTLP). */
export const appMetricSchema = z.object({
  service: z.string(),
  name: z.string(),
  /** UCUM: `By`, `ms`, `{request}`; '' when it was not told. */
  unit: z.string(),
  kind: z.enum(['gauge', 'counter', 'sum', 'histogram', 'summary']),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Of histograms and summaries the mean; null when nothing was counted yet. */
  value: z.number().nullable(),
  /** Of histograms and summaries: how many values were counted. */
  count: z.number().optional(),
  /** ISO 8601. */
  time: z.string(),
});
export type AppMetric = z.infer<typeof appMetricSchema>;

export const appMetricsSchema = z.object({
  metrics: z.array(appMetricSchema),
  /** Series that were not kept because there are too many. */
  dropped: z.number().int(),
});

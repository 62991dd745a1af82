import { z } from 'zod';

/** What a diagnostic points at: where the user wrote it. Lines and columns count from 1. */
export const diagnosticSchema = z.object({
  severity: z.enum(['error', 'warning', 'info']),
  /** Stable, documented in docs/lint.md, e.g. `DD1002` is never renamed. */
  code: z.string(),
  message: z.string(),
  file: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  /** End of the offending text, for an editor's underline. */
  endLine: z.number().int().optional(),
  endColumn: z.number().int().optional(),
  /** `VirtualService/default/ratings` */
  resource: z.string().optional(),
  /** `spec.http[0].rout` */
  path: z.string().optional(),
  suggestion: z.string().optional(),
  /** A replacement an editor can apply as it is. */
  fix: z.object({ title: z.string(), replace: z.string() }).optional(),
});
export type Diagnostic = z.infer<typeof diagnosticSchema>;

export const resourceRefSchema = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** Path inside the resource: `spec.http[1].match[0]`. */
  path: z.string().optional(),
  file: z.string().optional(),
  line: z.number().int().optional(),
});
export type ResourceRef = z.infer<typeof resourceRefSchema>;

/** As in a Kubernetes status: `Accepted` is `False` because of `NoMatchingParent`. */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  /** Which change of the resource it speaks of: 1 for the first, as `generation`. */
  observedGeneration: z.number().int().optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

/** Live status of a resource: what the engine made of what the user wrote. */
export const resourceStatusSchema = z.object({
  state: z.enum(['accepted', 'warning', 'rejected']),
  /** Requests this resource decided about since the engine started. */
  matched: z.number().int(),
  usedBy: z.array(z.string()),
  /** Gateway API's Gateways. */
  conditions: z.array(conditionSchema).optional(),
  /** Gateway API's routes: one per parentRef. */
  parents: z
    .array(
      z.object({
        parentRef: z.object({
          kind: z.string(),
          namespace: z.string(),
          name: z.string(),
          sectionName: z.string().optional(),
          port: z.number().int().optional(),
        }),
        conditions: z.array(conditionSchema),
      }),
    )
    .optional(),
  /** Gateway API's Gateways. */
  listeners: z
    .array(
      z.object({
        name: z.string(),
        attachedRoutes: z.number().int(),
        /** Kinds of route it takes. */
        supportedKinds: z.array(z.object({ group: z.string(), kind: z.string() })).optional(),
        conditions: z.array(conditionSchema),
      }),
    )
    .optional(),
  /** Gateway API's policies: one per target, one per Gateway whose routes lead there. */
  ancestors: z
    .array(
      z.object({
        ancestorRef: z.object({
          kind: z.string(),
          namespace: z.string(),
          name: z.string(),
          sectionName: z.string().optional(),
        }),
        conditions: z.array(conditionSchema),
      }),
    )
    .optional(),
  diagnostics: z.array(diagnosticSchema),
});
export type ResourceStatus = z.infer<typeof resourceStatusSchema>;

export const resourceSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** The document as the user wrote it. */
  yaml: z.string(),
  spec: z.unknown(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** How often it was changed, from 1. */
  generation: z.number().int().optional(),
  source: z.object({ file: z.string(), line: z.number().int(), live: z.boolean() }),
  status: resourceStatusSchema,
});
export type Resource = z.infer<typeof resourceSchema>;

export const applyResultSchema = z.object({
  applied: z.array(z.object({ kind: z.string(), namespace: z.string(), name: z.string(), status: z.string() })),
  diagnostics: z.array(diagnosticSchema),
});
export type ApplyResult = z.infer<typeof applyResultSchema>;

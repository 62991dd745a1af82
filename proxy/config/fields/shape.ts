import fields from './fields.gen.json' with { type: 'json' };

/** The fields a kind knows: object, list, map with free keys (`*`), or leaf. */
export type Shape = 0 | [Shape] | { [field: string]: Shape };

/** Shape of a foreign kind's `spec` (group without version, `networking.istio.io/VirtualService`), or null when we have none. */
export function specShape(group: string, kind: string): Shape | null {
  return (fields as unknown as Record<string, Shape>)[`${group}/${kind}`] ?? null;
}

import { z } from 'zod';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { nearest } from '../shared/nearest.ts';
import { diagnose, formatPath, type Path } from './diagnostics.ts';
import type { Shape } from './fields/shape.ts';
import { isRecord, type ParsedResource } from './parse.ts';

/** Fields a shape does not know, each reported at its key with the nearest known name. */
export function findUnknownFields(resource: ParsedResource, value: unknown, shape: Shape, path: Path): Diagnostic[] {
  if (shape === 0) return [];
  if (Array.isArray(shape)) {
    return Array.isArray(value) ? value.flatMap((item, i) => findUnknownFields(resource, item, shape[0], [...path, i])) : [];
  }
  if (!isRecord(value)) return [];
  const diagnostics: Diagnostic[] = [];
  for (const [field, inner] of Object.entries(value)) {
    const known = Object.hasOwn(shape, field) ? shape[field] : shape['*'];
    if (known === undefined) diagnostics.push(unknownField(resource, path, field, Object.keys(shape)));
    else diagnostics.push(...findUnknownFields(resource, inner, known, [...path, field]));
  }
  return diagnostics;
}

/** A field nobody knows, under `path`. */
function unknownField(resource: ParsedResource, path: Path, field: string, known: readonly string[]): Diagnostic {
  const meant = nearest(field, known);
  const where = path.length === 0 ? `a ${resource.kind}` : formatPath(path);
  return diagnose(resource, [...path, field], {
    code: 'DD1101',
    message: `Unknown field \`${field}\` in ${where}.`,
    at: 'key',
    suggestion: meant ? `Did you mean \`${meant}\`?` : `Known here: ${known.filter((k) => k !== '*').join(', ')}.`,
    ...(meant ? { fix: { title: `Change to ${meant}`, replace: meant } } : {}),
  });
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
}

/** The shape of a zod schema's input. */
export function shapeOfZod(schema: z.ZodType): Shape {
  return shapeOfJsonSchema(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
}

function shapeOfJsonSchema(schema: JsonSchema): Shape {
  if (schema.anyOf) {
    const objects = schema.anyOf.map(shapeOfJsonSchema).filter((s) => s !== 0 && !Array.isArray(s));
    return objects.length === 0 ? 0 : Object.assign({}, ...objects);
  }
  if (schema.items) return [shapeOfJsonSchema(schema.items)];
  const shape: { [field: string]: Shape } = {};
  for (const [field, inner] of Object.entries(schema.properties ?? {})) shape[field] = shapeOfJsonSchema(inner);
  if (typeof schema.additionalProperties === 'object') shape['*'] = shapeOfJsonSchema(schema.additionalProperties);
  return Object.keys(shape).length === 0 ? 0 : shape;
}

import type { z } from 'zod';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { nearest } from '../shared/nearest.ts';
import { diagnose, formatPath, type Path, resourceId, sortDiagnostics } from './diagnostics.ts';
import { specShape } from './fields/shape.ts';
import { ignoredGroups, type KindDefinition, kinds, type SchemaError } from './kinds/registry.ts';
import { inside } from './kinds/scenario.ts';
import { isRecord, type ParsedResource } from './parse.ts';
import { checkProtos } from './protos/check-protos.ts';
import { ProtoReader } from './protos/proto-reader.ts';
import { checkReferences } from './references.ts';
import { groupOf, type ResourceSet } from './resource-set.ts';
import { findUnknownFields, shapeOfZod } from './unknown-fields.ts';

export interface ValidateOptions {
  /** Schemas of kinds that other parts own, by kind (`Scenario`). */
  schemas?: Readonly<Record<string, z.ZodType>>;
  /** Keeps what it read of .proto files from one call to the next. */
  protoReader?: ProtoReader;
}

/**
 * Everything that is wrong with a configuration: schema, unknown fields, each kind's own rules, references between objects. Without an
 * error in the result the set compiles. Warnings about what is valid but inert come from `lint`, which includes these.
 */
export async function validate(set: ResourceSet, options: ValidateOptions = {}): Promise<Diagnostic[]> {
  const diagnostics: Diagnostic[] = [];
  let sound = true;
  for (const { resource } of set.list()) {
    const found = [...(await validateResource(resource, options)), ...(await validateScenarioChanges(resource, options))];
    if (found.some((d) => d.severity === 'error')) sound = false;
    diagnostics.push(...found);
  }
  if (sound) diagnostics.push(...checkReferences(set), ...(await checkProtos(set, options.protoReader ?? new ProtoReader())));
  return sortDiagnostics(diagnostics);
}

/** What a scenario applies as it goes is checked as if it were applied now, where it stands in the scenario. */
async function validateScenarioChanges(resource: ParsedResource, options: ValidateOptions): Promise<Diagnostic[]> {
  const changes = resource.kind === 'Scenario' && isRecord(resource.spec) ? resource.spec.changes : [];
  const found: Diagnostic[] = [];
  for (const [i, change] of (Array.isArray(changes) ? changes : []).entries()) {
    const applied = isRecord(change) && Array.isArray(change.apply) ? change.apply : [];
    for (const [j, document] of applied.entries()) {
      if (!isRecord(document) || typeof document.kind !== 'string' || typeof document.apiVersion !== 'string') continue;
      const { apiVersion, kind } = document;
      const metadata = isRecord(document.metadata) ? document.metadata : {};
      const path = ['spec', 'changes', i, 'apply', j];
      const name = typeof metadata.name === 'string' ? metadata.name : '';
      const part = { ...inside(resource, path), document, written: document, spec: document.spec };
      const problems = await validateResource({ ...part, apiVersion, kind, metadata, name, namespace: '' }, options);
      const at = formatPath(path);
      for (const problem of problems)
        found.push({ ...problem, resource: resourceId(resource), path: `${at}.${problem.path ?? ''}` });
    }
  }
  return found;
}

/** One resource by itself. */
export async function validateResource(resource: ParsedResource, options: ValidateOptions = {}): Promise<Diagnostic[]> {
  const group = groupOf(resource.apiVersion);
  const definition = kinds.find((k) => k.kind === resource.kind && k.group === group);
  if (!definition) return [unknownKind(resource, group)];
  const version = resource.apiVersion.slice(group === '' ? 0 : group.length + 1);
  if (!definition.versions.includes(version)) {
    return [
      diagnose(resource, ['apiVersion'], {
        code: 'DD1006',
        message: `${resource.kind} has no version \`${version}\` in ${group}.`,
        suggestion: `Use ${group}/${definition.versions[0]}.`,
      }),
    ];
  }
  const diagnostics = [...checkName(resource), ...(await checkSchema(resource, definition, options))];
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (errors.every((d) => d.message.endsWith(exclusiveFields))) {
    const checked = definition.check?.(resource) ?? [];
    // The schema knows that fields exclude each other; the kind's own rules know which, and say it better.
    const kept = checked.some((d) => d.severity === 'error') ? diagnostics.filter((d) => !errors.includes(d)) : diagnostics;
    return [...kept, ...checked, ...(definition.inert ? [diagnose(resource, ['kind'], definition.inert)] : [])];
  }
  return diagnostics;
}

const exclusiveFields = 'sets fields that exclude each other, or none of them.';

function unknownKind(resource: ParsedResource, group: string): Diagnostic {
  if (ignoredGroups.includes(group)) {
    return diagnose(resource, ['kind'], {
      severity: 'info',
      code: 'DD1009',
      message: `${resource.kind} is a Kubernetes object: ignored here.`,
    });
  }
  const sameGroup = kinds.filter((k) => k.group === group);
  const sameKind = kinds.find((k) => k.kind === resource.kind);
  if (sameGroup.length > 0) {
    const meant = nearest(
      resource.kind,
      sameGroup.map((k) => k.kind),
    );
    return diagnose(resource, ['kind'], {
      code: 'DD1006',
      message: `Unknown kind \`${resource.kind}\` in ${resource.apiVersion}.`,
      suggestion: meant ? `Did you mean \`${meant}\`?` : `Known: ${sameGroup.map((k) => k.kind).join(', ')}.`,
    });
  }
  const groups = [...new Set(kinds.map((k) => k.group))].filter((known) => known !== '');
  const meant = sameKind?.group ?? nearest(group, groups);
  return diagnose(resource, ['apiVersion'], {
    code: 'DD1006',
    message: `Unknown apiVersion \`${resource.apiVersion}\`.`,
    suggestion: meant ? `Did you mean \`${meant}/v1\`?` : `Known groups: ${groups.join(', ')}.`,
  });
}

function checkName({ name, namespace, ...rest }: ParsedResource): Diagnostic[] {
  const resource = { name, namespace, ...rest };
  const diagnostics: Diagnostic[] = [];
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    diagnostics.push(
      diagnose(resource, ['metadata', 'name'], {
        code: 'DD1104',
        message: `\`${name}\` is not a name Kubernetes takes: lower-case letters, digits, dashes and dots.`,
      }),
    );
  }
  if (namespace !== '' && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    diagnostics.push(
      diagnose(resource, ['metadata', 'namespace'], { code: 'DD1104', message: `\`${namespace}\` is not a namespace's name.` }),
    );
  }
  return diagnostics;
}

async function checkSchema(
  resource: ParsedResource,
  definition: KindDefinition,
  options: ValidateOptions,
): Promise<Diagnostic[]> {
  const own = options.schemas?.[resource.kind];
  const schema = definition.schema ?? (own ? { zod: own } : null);
  if (!schema) return [];
  if ('zod' in schema) return checkZod(resource, schema.zod);
  const diagnostics = findForeignUnknownFields(resource, definition);
  if (!isRecord(resource.spec)) {
    diagnostics.push(diagnose(resource, ['spec'], { code: 'DD1103', message: `A ${resource.kind} needs a spec.` }));
    return diagnostics;
  }
  const validateDocument = await schema.crd();
  // The package validates one version of each kind; all versions share one schema.
  const latest = latestVersion(definition);
  const errors = validateDocument({ ...resource.document, apiVersion: `${definition.group}/${latest}` });
  const seen = new Set(diagnostics.map((d) => d.path));
  for (const error of dropUnionNoise(errors)) {
    const diagnostic = fromSchemaError(resource, error, definition.accepts);
    if (!diagnostic || seen.has(`${diagnostic.path}`)) continue;
    seen.add(`${diagnostic.path}`);
    diagnostics.push(diagnostic);
  }
  return diagnostics;
}

function latestVersion({ kind }: KindDefinition): string {
  if (kind === 'EnvoyFilter') return 'v1alpha3';
  if (kind === 'TCPRoute') return 'v1alpha2';
  return kind === 'ReferenceGrant' ? 'v1beta1' : 'v1';
}

const topLevelFields = { apiVersion: 0, kind: 0, metadata: 0, spec: 0, status: 0 } as const;

function findForeignUnknownFields(resource: ParsedResource, definition: KindDefinition): Diagnostic[] {
  const diagnostics = findUnknownFields(resource, resource.written, topLevelFields, []);
  const shape = specShape(definition.group, definition.kind);
  if (shape) diagnostics.push(...findUnknownFields(resource, resource.written.spec, shape, ['spec']));
  return diagnostics;
}

// ── zod ───────────────────────────────────────────────────────────────────────────────────────────────────────────
function checkZod(resource: ParsedResource, schema: z.ZodType): Diagnostic[] {
  const result = schema.safeParse(resource.document);
  if (result.success) return [];
  const unknown = findUnknownFields(resource, resource.written, withFreeMetadata(shapeOfZod(schema)), []);
  const diagnostics = [...unknown];
  for (const issue of flattenIssues(result.error.issues as Issue[], [])) {
    if (issue.code === 'unrecognized_keys') continue;
    const diagnostic = fromZodIssue(resource, issue);
    // A misspelt field explains why its parent fits no branch of a union: one message is enough.
    const explained = unknown.some((u) => issue.code === 'invalid_union' && u.path?.startsWith(`${diagnostic.path}.`));
    if (!explained) diagnostics.push(diagnostic);
  }
  // A key unknown only in its branch of a union has no other message.
  return diagnostics.length > 0 ? diagnostics : [unionDiagnostic(resource, result.error.issues[0] as Issue)];
}

function withFreeMetadata(shape: ReturnType<typeof shapeOfZod>): ReturnType<typeof shapeOfZod> {
  return typeof shape === 'object' && !Array.isArray(shape) ? { ...shape, metadata: 0 } : shape;
}

interface Issue {
  code: string;
  path: (string | number)[];
  message: string;
  expected?: string;
  values?: unknown[];
  keys?: string[];
  errors?: Issue[][];
  input?: unknown;
}

/** A union reports every branch; the branch that got furthest is the one that was meant. */
function flattenIssues(issues: Issue[], base: (string | number)[]): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code !== 'invalid_union' || !issue.errors) return [{ ...issue, path }];
    const branches = issue.errors.map((branch) => flattenIssues(branch, path));
    const deepest = (branch: Issue[]): number => Math.max(0, ...branch.map((i) => i.path.length));
    const meant = branches.filter(
      (b) => b.length > 0 && !b.some((i) => i.code === 'unrecognized_keys' && i.path.length === path.length),
    );
    const best = meant.sort((a, b) => deepest(b) - deepest(a))[0];
    if (best && deepest(best) > path.length) return best;
    return [{ ...issue, path, message: unionMessage(branches, path.length) }];
  });
}

function unionMessage(branches: Issue[][], depth: number): string {
  const fields = branches.flatMap((b) =>
    b.filter((i) => i.code === 'invalid_type' && i.path.length === depth + 1).map((i) => `${i.path[depth]}`),
  );
  const firsts = branches.flatMap((b) => b.map((i) => i.message)).filter((m) => m.startsWith('a '));
  if (fields.length > 1) return `exactly one of ${[...new Set(fields)].join(', ')} is needed`;
  return firsts[0] ?? branches.flat()[0]?.message ?? 'none of the possible forms';
}

function unionDiagnostic(resource: ParsedResource, issue: Issue): Diagnostic {
  return diagnose(resource, issue.path, { code: 'DD1104', message: `${issue.path.at(-1) ?? 'value'}: ${issue.message}` });
}

function fromZodIssue(resource: ParsedResource, issue: Issue): Diagnostic {
  const field = issue.path.at(-1);
  const present = valueAt(resource.document, issue.path) !== undefined;
  const label = typeof field === 'number' ? `item ${field}` : `\`${field ?? resource.kind}\``;
  if (!present && issue.code === 'invalid_type') {
    return diagnose(resource, issue.path, {
      code: 'DD1103',
      message: `${label} is missing (${issue.expected ?? 'a value'} expected).`,
    });
  }
  const value = valueAt(resource.document, issue.path);
  if (issue.code === 'invalid_value' && issue.values) {
    const meant = typeof value === 'string' ? nearest(value, issue.values.map(String)) : null;
    return diagnose(resource, issue.path, {
      code: 'DD1104',
      message: `${label} is ${JSON.stringify(value)}; it can be ${issue.values.join(', ')}.`,
      suggestion: meant ? `Did you mean \`${meant}\`?` : null,
    });
  }
  if (issue.code === 'invalid_type') {
    const number = issue.expected === 'number' && typeof value === 'string' && /^\d+$/.test(value);
    const text = issue.expected === 'string' && typeof value === 'number';
    return diagnose(resource, issue.path, {
      code: 'DD1102',
      message: `${label} must be ${/^[aeiou]/.test(issue.expected ?? '') ? 'an' : 'a'} ${issue.expected}, not ${describe(value)}.`,
      suggestion: number ? `Write ${value} without quotes.` : text ? quoteOrUnit(String(field), value) : null,
    });
  }
  return diagnose(resource, issue.path, { code: 'DD1104', message: `${label}: ${lowerFirst(issue.message)}.` });
}

/** A number where text is wanted is mostly a duration without its unit. */
function quoteOrUnit(field: string, value: unknown): string {
  const duration =
    /time|interval|delay|fixed|age|ttl|backoff|duration|^(after|for|every|expires|min|max|mean|stddev|scale)$/i.test(field);
  return duration ? `Add a unit: ${value}s.` : `Quote it: "${value}".`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}

export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (Array.isArray(current)) current = current[Number(part)];
    else if (isRecord(current)) current = current[String(part)];
    else return undefined;
  }
  return current;
}

// ── published CRD schemas ─────────────────────────────────────────────────────────────────────────────────────────
/** `oneOf` and `not` come with one error per branch; keep the summary unless a branch says something concrete. */
function dropUnionNoise(errors: SchemaError[]): SchemaError[] {
  const concrete = errors.filter((e) => !['oneOf', 'anyOf', 'not', 'if'].includes(e.keyword));
  const unions = errors.filter((e) => e.keyword === 'oneOf' || e.keyword === 'anyOf');
  if (unions.length === 0) return concrete.length > 0 ? concrete : errors;
  // `required` inside a union branch is the union's way to say "exactly one of": the union error covers it.
  const plain = concrete.filter((e) => !(e.keyword === 'required' && unions.some((u) => u.instancePath === e.instancePath)));
  return [...plain, ...unions];
}

function fromSchemaError(resource: ParsedResource, error: SchemaError, accepts: KindDefinition['accepts']): Diagnostic | null {
  const path: (string | number)[] = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const field = path.at(-1);
  const label = typeof field === 'number' ? `item ${field}` : `\`${field ?? resource.kind}\``;
  const value = valueAt(resource.document, path);
  if (accepts?.(path, value)) return null;
  switch (error.keyword) {
    case 'required': {
      const missing = String(error.params.missingProperty);
      return diagnose(resource, [...path, missing], { code: 'DD1103', message: `\`${missing}\` is missing in ${label}.` });
    }
    case 'type':
      return diagnose(resource, path, {
        code: 'DD1102',
        message: `${label} ${error.message ?? 'has the wrong type'}, not ${describe(value)}.`,
        suggestion: typeof value === 'number' && error.params.type === 'string' ? quoteOrUnit(String(field), value) : null,
      });
    case 'enum': {
      const allowed = (error.params.allowedValues as unknown[]) ?? [];
      const meant = typeof value === 'string' ? nearest(value, allowed.map(String)) : null;
      return diagnose(resource, path, {
        code: 'DD1104',
        message: `${label} is ${JSON.stringify(value)}; it can be ${allowed.join(', ')}.`,
        suggestion: meant ? `Did you mean \`${meant}\`?` : null,
      });
    }
    case 'oneOf':
    case 'anyOf':
    case 'not':
      return diagnose(resource, path, {
        code: 'DD1104',
        message: `${label} ${exclusiveFields}`,
      });
    default:
      return diagnose(resource, path, { code: 'DD1104', message: `${label} ${error.message ?? 'is not valid'}.` });
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `${JSON.stringify(value)} (${typeof value})`;
}

import { z } from 'zod';

/*
 * A stub: conditions on a request, and the answer to it. Hoverfly's pairs and WireMock's mappings are read into this one form; it is what
 * is stored, exported under `_drydock` and served.
 */

const textMatcherSchema = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('anything') }),
  z.strictObject({ is: z.literal('absent') }),
  z.strictObject({ is: z.literal('equal'), value: z.string(), ignoreCase: z.boolean().optional() }),
  z.strictObject({ is: z.literal('contains'), value: z.string() }),
  /** `*` is any text, also an empty one. */
  z.strictObject({ is: z.literal('glob'), value: z.string() }),
  /** RE2. `whole`: all of the text must match. */
  z.strictObject({ is: z.literal('regex'), value: z.string(), whole: z.boolean() }),
  z.strictObject({ is: z.literal('number'), compare: z.enum(['==', '<', '<=', '>', '>=']), value: z.number() }),
  /** Bytes, base64. */
  z.strictObject({ is: z.literal('bytes'), value: z.string() }),
  z.strictObject({
    is: z.literal('json'),
    value: z.unknown(),
    ignoreOrder: z.boolean(),
    ignoreExtra: z.boolean(),
    /** Any object or list within the text may be the one. */
    anywhere: z.boolean().optional(),
  }),
  /** Elements, attributes and texts the same; space between elements does not count. */
  z.strictObject({ is: z.literal('xml'), value: z.string(), ignore: z.boolean().optional() }),
  /** A list joined by `;`. */
  z.strictObject({
    ...{ is: z.literal('list'), value: z.array(z.string()) },
    ...{ ignoreUnknown: z.boolean(), ignoreOrder: z.boolean(), ignoreOccurrences: z.boolean() },
  }),
]);

export type ValueMatcher =
  | z.infer<typeof textMatcherSchema>
  | { is: 'not'; of: ValueMatcher }
  | { is: 'all' | 'any'; of: ValueMatcher[] }
  /** What the path leads to; more than one place: each, then all of them as a JSON list. */
  | { is: 'jsonPath'; path: string; of: ValueMatcher }
  | { is: 'xpath'; path: string; of: ValueMatcher }
  /** A JSON web token, as `{"header":…,"payload":…}`. */
  | { is: 'jwt'; of: ValueMatcher };

export const valueMatcherSchema: z.ZodType<ValueMatcher> = z.lazy(() =>
  z.union([
    textMatcherSchema,
    z.strictObject({ is: z.literal('not'), of: valueMatcherSchema }),
    z.strictObject({ is: z.enum(['all', 'any']), of: z.array(valueMatcherSchema) }),
    z.strictObject({ is: z.enum(['jsonPath', 'xpath']), path: z.string(), of: valueMatcherSchema }),
    z.strictObject({ is: z.literal('jwt'), of: valueMatcherSchema }),
  ]),
) as z.ZodType<ValueMatcher>;

const conditionSchema = z.strictObject({
  /** `url` is path and query; `pathParameter` is a named segment of the stub's pathTemplate. */
  on: z.enum([
    'method',
    'host',
    'url',
    'path',
    'queryString',
    'query',
    'header',
    'cookie',
    'form',
    'part',
    'pathParameter',
    'body',
  ]),
  /** Of a query parameter, header, cookie, form field, path parameter, or part of a multipart body (none: any part). */
  name: z.string().optional(),
  matcher: valueMatcherSchema,
  /** Several values of one name are looked at as one text, joined by `;`. Otherwise one of them must match. */
  joined: z.boolean().optional(),
  /** Not satisfied by what is absent, whatever the matcher says. */
  required: z.boolean().optional(),
  /** There must be so many values of this name. */
  count: z.number().int().optional(),
});
export type StubCondition = z.infer<typeof conditionSchema>;

export const delaySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), ms: z.number() }),
  z.strictObject({ kind: z.literal('uniform'), lower: z.number(), upper: z.number() }),
  z.strictObject({ kind: z.literal('lognormal'), median: z.number(), sigma: z.number(), min: z.number(), max: z.number() }),
]);
/** In milliseconds. */
export type Delay = z.infer<typeof delaySchema>;

export const stubFaultSchema = z.enum(['empty-response', 'malformed-chunk', 'random-then-close', 'connection-reset']);
export type StubFault = z.infer<typeof stubFaultSchema>;

export const stubSchema = z.strictObject({
  /** `pair 3`, `mapping "login"`: as notes and hits name it. */
  id: z.string(),
  conditions: z.array(conditionSchema),
  pathTemplate: z.string().optional(),
  /** The lowest wins. */
  priority: z.number(),
  /** Among those of one priority the highest wins; of equals the first. */
  points: z.number(),
  requires: z.record(z.string(), z.string()),
  sets: z.record(z.string(), z.string()),
  removes: z.array(z.string()),
  answer: z.strictObject({
    status: z.number().int(),
    headers: z.array(z.tuple([z.string(), z.string()])),
    body: z.strictObject({ encoding: z.enum(['utf8', 'base64']), content: z.string() }),
    templated: z.boolean(),
    /** Of its template: `{{parameters.x}}`. */
    parameters: z.record(z.string(), z.string()).optional(),
    delay: delaySchema.nullable(),
    /** The body in so many parts, spread over so long. */
    dribble: z.strictObject({ parts: z.number().int(), ms: z.number() }).nullable(),
    fault: stubFaultSchema.nullable(),
  }),
});
export type Stub = z.infer<typeof stubSchema>;

export const stubsSchema = z.strictObject({
  /** Where it was read from. */
  source: z.enum(['hoverfly', 'wiremock', 'drydock']),
  stubs: z.array(stubSchema),
  /** Of a session that has just begun. */
  state: z.record(z.string(), z.string()),
  /** For stubs without a delay of their own; `pattern` is looked for in host and path. */
  delays: z.array(z.strictObject({ pattern: z.string(), method: z.string(), delay: delaySchema })),
  literals: z.record(z.string(), z.string()),
  /** Name → template expression. */
  variables: z.record(z.string(), z.string()),
});
export type Stubs = z.infer<typeof stubsSchema>;

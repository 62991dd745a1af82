import { type JsonObject, listOf, objectOf, stringOf, textOf } from '../read-json.ts';

/*
 * Simulations of Hoverfly's schemas v1 to v4 in the form of v5, as Hoverfly upgrades them itself (core/handlers/v2/simulation_views_upgrade.go): v1 names
 * values and whether they are templates, v2 to v4 an object of matchers a field. The query as one text, which v5 has no more, stays as `deprecatedQuery`.
 */

/** v1 to v4, not v5. */
export const isOlderSchema = (version: string): boolean => /^v[1-4](\.|$)/.test(version);

export function upgradeHoverfly(document: JsonObject): JsonObject {
  const data = objectOf(document.data) ?? {};
  const version = stringOf(objectOf(document.meta)?.schemaVersion);
  const upgrade = version.startsWith('v1') ? upgradeFirst : upgradeFields;
  const pairs = listOf(data.pairs).map((one) => {
    const pair = objectOf(one) ?? {};
    return { ...pair, request: upgrade(objectOf(pair.request) ?? {}) };
  });
  return { ...document, data: { ...data, pairs }, meta: { schemaVersion: 'v5' } };
}

const fields = ['path', 'method', 'destination', 'scheme', 'body'];

/** Values: literal where they were recorded, globs where they are templates. */
function upgradeFirst({ requestType, headers, query, ...request }: JsonObject): JsonObject {
  const matcher = requestType !== undefined && requestType !== null && requestType !== 'recording' ? 'glob' : 'exact';
  const upgraded: JsonObject = Object.fromEntries(
    Object.entries(request).flatMap(([name, value]) => {
      if (value === null) return [];
      return [[name, fields.includes(name) ? [{ matcher, value: textOf(value) }] : value]];
    }),
  );
  if (typeof query === 'string') upgraded.deprecatedQuery = [{ matcher, value: query }];
  return { ...upgraded, headers: globHeaders(headers) };
}

function upgradeFields({ headers, headersWithMatchers, queriesWithMatchers, query, ...request }: JsonObject): JsonObject {
  const upgraded: JsonObject = Object.fromEntries(
    Object.entries(request).flatMap(([name, value]) => {
      if (value === null) return [];
      return [[name, fields.includes(name) ? toMatchers(value) : value]];
    }),
  );
  if (objectOf(query) !== null) upgraded.deprecatedQuery = toMatchers(query);
  const all: JsonObject = globHeaders(headers);
  for (const [name, matchers] of Object.entries(objectOf(headersWithMatchers) ?? {}))
    all[name] = [...listOf(all[name]), ...toMatchers(matchers)];
  const queries = objectOf(queriesWithMatchers);
  if (queries !== null)
    upgraded.query = Object.fromEntries(Object.entries(queries).map(([name, matchers]) => [name, toMatchers(matchers)]));
  return { ...upgraded, headers: all };
}

/** `{exactMatch, globMatch, …}`: all must match. */
function toMatchers(value: unknown): JsonObject[] {
  return Object.entries(objectOf(value) ?? {}).flatMap(([name, wanted]) =>
    wanted === null ? [] : [{ matcher: name.replace(/Match$/, ''), value: wanted }],
  );
}

/** Values of one name are looked at together. */
function globHeaders(headers: unknown): JsonObject {
  return Object.fromEntries(
    Object.entries(objectOf(headers) ?? {}).map(([name, values]) => [
      name,
      [{ matcher: 'glob', value: listOf(values).map(textOf).join(';') }],
    ]),
  );
}

import { listOf, objectOf, stringOf } from '../read-json.ts';

/** What a document that is to be imported is. */
export type ImportFormat = 'har' | 'hoverfly' | 'wiremock';

/** By its shape; null when it is none of them. */
export function detectFormat(document: unknown): ImportFormat | null {
  const object = objectOf(document);
  if (object === null) return wireMockMappings(document) === null ? null : 'wiremock';
  if (objectOf(object.log) !== null) return 'har';
  if (Array.isArray(objectOf(object.data)?.pairs) || stringOf(objectOf(object.meta)?.hoverflyVersion) !== '') return 'hoverfly';
  return wireMockMappings(document) === null ? null : 'wiremock';
}

/** The mappings of an export, a list, or a file with one; null when it is no such document. */
export function wireMockMappings(document: unknown): readonly unknown[] | null {
  const object = objectOf(document);
  if (object !== null && Array.isArray(object.mappings)) return object.mappings;
  const mappings = object === null ? listOf(document) : [object];
  const isMapping = (one: unknown) => objectOf(objectOf(one)?.request) !== null && objectOf(objectOf(one)?.response) !== null;
  return mappings.length > 0 && mappings.every(isMapping) ? mappings : null;
}

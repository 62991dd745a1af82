import { type Document, isNode, isSeq, parseAllDocuments } from 'yaml';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';

/** A part of an object that counts for itself: a rule, a subset. Named as in `object-activity.ts`. */
export interface DocumentPart {
  /** `rule items`, `subset v1`, `rule 2` */
  label: string;
  /** Keys of the activity's rows that it stands for. */
  keys: readonly string[];
  from: number;
  to: number;
}

export interface DocumentPlace {
  kind: string;
  /** '' when the document does not say: the mesh's own. */
  namespace: string;
  name: string;
  from: number;
  to: number;
  /** Where its first word stands, behind `---` and comments. */
  start: number;
  spec: unknown;
  parts: readonly DocumentPart[];
}

/** The documents of a text that can be recognised, with their offsets; what is not YAML is left out. */
export function documentsIn(text: string): DocumentPlace[] {
  const places: DocumentPlace[] = [];
  for (const document of parseAllDocuments(text, { logLevel: 'silent' })) {
    if (!('contents' in document)) continue;
    const kind: unknown = document.getIn(['kind']);
    const name: unknown = document.getIn(['metadata', 'name']);
    const namespace: unknown = document.getIn(['metadata', 'namespace']);
    if (typeof kind !== 'string' || typeof name !== 'string') continue;
    const [from, , to] = document.range;
    const spec = specOf(document);
    places.push({
      ...{ kind, name, namespace: typeof namespace === 'string' ? namespace : '', from, to, spec },
      start: document.contents?.range?.[0] ?? from,
      parts: partsOf(kind, document, spec),
    });
  }
  return places;
}

/** What an alias without its anchor stands for is not known. */
function specOf(document: Document): unknown {
  if (document.errors.length > 0) return null;
  return (document.toJS() as { spec?: unknown } | null)?.spec ?? null;
}

export const documentAt = (places: readonly DocumentPlace[], offset: number): DocumentPlace | null =>
  places.find(({ from, to }) => offset >= from && offset <= to) ??
  places.findLast(({ from }) => from <= offset) ??
  places[0] ??
  null;

export const partAt = (place: DocumentPlace | null, offset: number): DocumentPart | null =>
  place?.parts.find(({ from, to }) => offset >= from && offset < to) ?? null;

export const isSameObject = (place: Pick<DocumentPlace, 'kind' | 'namespace' | 'name'>, resource: Resource): boolean =>
  place.kind === resource.kind && place.name === resource.name && (place.namespace || resource.namespace) === resource.namespace;

const lists: Record<
  string,
  readonly [path: readonly string[], part: (item: Item, at: number) => Omit<DocumentPart, 'from' | 'to'>]
> = {
  VirtualService: [
    ['spec', 'http'],
    (rule) => ({ label: `rule ${typeof rule.name === 'string' ? rule.name : 'without a name'}`, keys: namesOfRule(rule) }),
  ],
  DestinationRule: [['spec', 'subsets'], ({ name }) => ({ label: `subset ${String(name)}`, keys: [String(name)] })],
  AuthorizationPolicy: [['spec', 'rules'], (_rule, at) => ({ label: `rule ${at + 1}`, keys: [String(at)] })],
};
type Item = Record<string, unknown>;

function partsOf(kind: string, document: Document, spec: unknown): DocumentPart[] {
  const [path, toPart] = lists[kind] ?? [];
  if (!path || !toPart) return [];
  const nodes = document.getIn(path, true);
  const items = itemsOf((spec as Item | null)?.[path[1] ?? '']);
  if (!isSeq(nodes)) return [];
  return nodes.items.flatMap((node, at) => {
    const item = items[at];
    if (!isNode(node) || !node.range || !item) return [];
    const [from, , to] = node.range;
    return [{ ...toPart(item, at), from, to }];
  });
}

/** The names that a rule's requests carry: its own, or one per named match; unnamed rules are all called "default". */
export function namesOfRule(rule: Item): string[] {
  const name = typeof rule.name === 'string' ? rule.name : '';
  const matches = itemsOf(rule.match).flatMap((match) => (typeof match.name === 'string' ? [`${name}.${match.name}`] : []));
  return matches.length > 0 ? matches : [name || 'default'];
}

export const itemsOf = (value: unknown): Item[] =>
  Array.isArray(value) ? value.filter((item): item is Item => typeof item === 'object' && item !== null) : [];

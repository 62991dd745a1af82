import { compileNumber, compileText } from '../../../proxy/api/filter/match-exchange.ts';
import type { Filter, FilterKey, FilterTerm } from '../../../proxy/api/filter/request-filter.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import type { SeenValues } from '../requests/filter-complete.ts';
import { shortName } from './short-name.ts';

/** What the requests' filter means for edges: numbers of all their requests together, names of both ends. */
const numbers: Partial<Record<FilterKey, (edge: GraphEdge) => number>> = {
  ms: (edge) => edge.p95 ?? 0,
  tries: (edge) => 1 + edge.retryRatio,
};
const texts: Partial<Record<FilterKey, (edge: GraphEdge) => string[]>> = {
  src: (edge) => namesOf(edge.from),
  dest: (edge) => namesOf(edge.to),
  proto: (edge) => [edge.protocol],
  version: (edge) => edge.split.filter(({ count }) => count > 0).map(({ version }) => version),
  mtls: (edge) => [...(edge.mtlsShare > 0 ? ['yes'] : []), ...(edge.mtlsShare < 0.999 ? ['no'] : [])],
  fault: (edge) => edge.faults,
  flag: (edge) => [...(edge.overflows > 0 ? ['UO'] : []), ...(edge.timeouts > 0 ? ['UT'] : [])],
};

/** Keys a picture of services has an answer to; `status` as errors or none. */
const known = (key: FilterKey): boolean => key === 'status' || key in numbers || key in texts;

export interface Found {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  /** Keys that only single requests have, such as `path`. */
  unanswered: readonly string[];
}

/** Edges and services that meet the filter; the ends of an edge that does come with it. null: nothing is asked for. */
export function findInGraph(graph: Graph, filter: Filter): Found | null {
  const terms = filter.terms.filter(({ key }) => key === null || known(key));
  const unanswered = [...new Set(filter.terms.flatMap(({ key }) => (key !== null && !known(key) ? [key] : [])))];
  if (terms.length === 0) return unanswered.length === 0 ? null : { nodes: new Set(), edges: new Set(), unanswered };
  const edges = graph.edges.filter((edge) => terms.every((term) => meets(term, edge)));
  const nodes = graph.nodes.filter((node) => terms.every((term) => meetsNode(term, node)));
  return {
    nodes: new Set([...nodes.map(({ id }) => id), ...edges.flatMap(({ from, to }) => [from, to])]),
    edges: new Set(edges.map(({ id }) => id)),
    unanswered,
  };
}

/** The graph without what was not found. */
export function hideOthers(graph: Graph, found: Found): Graph {
  return {
    ...graph,
    nodes: graph.nodes.filter(({ id }) => found.nodes.has(id)),
    edges: graph.edges.filter(({ id }) => found.edges.has(id)),
  };
}

/** Values to complete with, as far as the graph knows them. */
export function seenInGraph({ nodes, edges }: Graph): SeenValues {
  const services = nodes.map(({ name }) => name);
  return {
    src: services,
    dest: services,
    version: [...new Set(nodes.flatMap(({ versions }) => versions.map(({ version }) => version)))].filter(Boolean),
    proto: [...new Set(edges.map(({ protocol }) => protocol))].filter(Boolean),
    mtls: ['yes', 'no'],
    fault: [...new Set(edges.flatMap(({ faults }) => faults))],
    flag: ['UO', 'UT'],
  };
}

const wanted = ({ negated, op }: FilterTerm): boolean => negated === (op === '!=');

function meets(term: FilterTerm, edge: GraphEdge): boolean {
  return meetsValues(term, edge) === wanted(term);
}

function meetsValues({ key, op, values }: FilterTerm, edge: GraphEdge): boolean {
  if (key === null) {
    const needle = (values[0] ?? '').toLowerCase();
    return [edge.from, edge.to, edge.protocol, ...edge.faults].some((text) => text.toLowerCase().includes(needle));
  }
  if (key === 'status') {
    // A status from 400 on, or a class of them, asks for errors; any other for requests that went well.
    const asksErrors = values.some((value) => Number(value.replace(/xx/i, '00')) >= 400) && !op.startsWith('<');
    return asksErrors ? edge.errorShare > 0 : edge.count > 0 && edge.errorShare < 1;
  }
  const number = numbers[key];
  if (number) return values.some((value) => compileNumber(op, value)(number(edge)));
  const actual = texts[key]?.(edge) ?? [];
  return values.some((value) => actual.some(compileText(value, false)));
}

/** A service by itself answers to its name and versions only. */
function meetsNode(term: FilterTerm, node: GraphNode): boolean {
  const { key, values } = term;
  const own = namesOf(node.id);
  if (key === null) return own.some((name) => name.toLowerCase().includes((values[0] ?? '').toLowerCase())) === wanted(term);
  const actual = key === 'dest' || key === 'src' ? own : key === 'version' ? node.versions.map(({ version }) => version) : null;
  return actual !== null && values.some((value) => actual.some(compileText(value, false))) === wanted(term);
}

const namesOf = (id: string): string[] => [id, shortName(id)];

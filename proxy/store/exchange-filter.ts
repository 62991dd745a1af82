import type { Exchange, ExchangeQuery } from '../api/exchange.schema.ts';

/** One meaning of a filter, twice: as SQL for what is on disk, and as a function for what is still in memory. */
export interface ExchangeFilter {
  /** ` AND …`, or ''. */
  where: string;
  parameters: (string | number)[];
  matches(exchange: Exchange): boolean;
}

export type FilterFields = Partial<Omit<ExchangeQuery, 'limit' | 'cursor'>>;

interface Condition {
  sql: string;
  parameters: (string | number)[];
  test(exchange: Exchange): boolean;
}

export function compileExchangeFilter(query: FilterFields): ExchangeFilter {
  const conditions: Condition[] = [];
  if (query.from) conditions.push(serviceCondition('source', query.from));
  if (query.to) conditions.push(serviceCondition('destination', query.to));
  if (query.status) conditions.push(statusCondition(query.status));
  if (query.path) conditions.push(pathCondition(query.path));
  if (query.method) conditions.push(equals('method', query.method.toUpperCase(), (x) => x.method));
  if (query.reporter) conditions.push(equals('reporter', query.reporter, (x) => x.reporter));
  if (query.traceId) conditions.push(equals('trace_id', query.traceId.toLowerCase(), (x) => x.traceId));
  if (query.flag) conditions.push(flagCondition(query.flag));
  if (query.since) conditions.push(timeCondition('>=', query.since));
  if (query.until) conditions.push(timeCondition('<', query.until));
  return {
    where: conditions.map((c) => ` AND ${c.sql}`).join(''),
    parameters: conditions.flatMap((c) => c.parameters),
    matches: (exchange) => conditions.every((c) => c.test(exchange)),
  };
}

/** `503`, `5xx`, `>=500`, `>499`, `<=399`, `<400` as an inclusive range; null when it is none of these. */
function parseStatusFilter(text: string): { min: number; max: number } | null {
  const group = /^([0-9])xx$/i.exec(text.trim());
  if (group) return { min: Number(group[1]) * 100, max: Number(group[1]) * 100 + 99 };
  const compared = /^(>=|<=|>|<|=)?\s*(\d{1,3})$/.exec(text.trim());
  if (!compared) return null;
  const value = Number(compared[2]);
  switch (compared[1]) {
    case '>=':
      return { min: value, max: 999 };
    case '>':
      return { min: value + 1, max: 999 };
    case '<=':
      return { min: 0, max: value };
    case '<':
      return { min: 0, max: value - 1 };
    default:
      return { min: value, max: value };
  }
}

/** ISO 8601 or epoch milliseconds; null when it is neither. */
export function parseTime(text: string): number | null {
  const parsed = /^\d{10,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(parsed) ? parsed : null;
}

/** `ratings` in any namespace, or `default/ratings`. */
function parseServiceName(text: string): { namespace: string | null; name: string } {
  const slash = text.indexOf('/');
  return slash < 0 ? { namespace: null, name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

const nothing: Condition = { sql: '0', parameters: [], test: () => false };

function serviceCondition(side: 'source' | 'destination', text: string): Condition {
  const { namespace, name } = parseServiceName(text);
  const sql = namespace === null ? `${side} = ?` : `${side} = ? AND ${side}_namespace = ?`;
  return {
    sql,
    parameters: namespace === null ? [name] : [name, namespace],
    test: (x) => x[side] === name && (namespace === null || x[`${side}Namespace`] === namespace),
  };
}

function statusCondition(text: string): Condition {
  const range = parseStatusFilter(text);
  if (!range) return nothing;
  return {
    sql: 'status BETWEEN ? AND ?',
    parameters: [range.min, range.max],
    test: (x) => x.status >= range.min && x.status <= range.max,
  };
}

function pathCondition(prefix: string): Condition {
  return { sql: 'substr(path, 1, length(?)) = ?', parameters: [prefix, prefix], test: (x) => x.path.startsWith(prefix) };
}

function flagCondition(flag: string): Condition {
  return {
    sql: "instr(',' || flags || ',', ?) > 0",
    parameters: [`,${flag},`],
    test: (x) => x.flags.split(',').includes(flag),
  };
}

function timeCondition(operator: '>=' | '<', text: string): Condition {
  const at = parseTime(text);
  if (at === null) return nothing;
  return {
    sql: `time_ms ${operator} ?`,
    parameters: [at],
    test: (x) => (operator === '>=' ? Date.parse(x.time) >= at : Date.parse(x.time) < at),
  };
}

function equals(column: string, value: string, read: (exchange: Exchange) => string): Condition {
  return { sql: `${column} = ?`, parameters: [value], test: (x) => read(x) === value };
}

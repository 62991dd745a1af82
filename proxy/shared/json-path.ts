import { RE2JS, RE2JSException } from 're2js';

/*
 * JSONPath (RFC 9535, and what people write after Goessner's article): members, indexes, slices, wildcards, descent and filters that compare.
 * Functions and arithmetic are not spoken. Never backtracks, never evaluates code.
 */

type Selector =
  | { kind: 'members'; names: readonly string[] }
  | { kind: 'indexes'; at: readonly number[] }
  | { kind: 'slice'; from: number | null; to: number | null }
  | { kind: 'all' }
  | { kind: 'filter'; any: readonly (readonly Comparison[])[] };
interface Step {
  /** `..`: also in everything below. */
  deep: boolean;
  select: Selector;
}
interface Comparison {
  /** Below the element looked at. */
  left: JsonPath;
  negated: boolean;
  /** `exists` has no right side. */
  operator: 'exists' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '=~';
  right: unknown;
}

/** A parsed path. `definite`: it names one place at most. */
export interface JsonPath {
  steps: readonly Step[];
  definite: boolean;
}

/** The path, or a sentence that says what of it is not understood. A leading `$` may be missing. */
export function parseJsonPath(text: string): JsonPath | string {
  try {
    return new Parser(text.trim()).path();
  } catch (error) {
    if (error instanceof PathError || error instanceof RE2JSException) return `JSONPath ${text}: ${error.message}`;
    throw error;
  }
}

/** Everything the path leads to, in the order of the document. */
export function readJsonPath(path: JsonPath, document: unknown): unknown[] {
  let found: unknown[] = [document];
  for (const { deep, select } of path.steps) {
    const from = deep ? found.flatMap((value) => descend(value)) : found;
    found = from.flatMap((value) => choose(select, value));
  }
  return found;
}

class PathError extends Error {}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  path(): JsonPath {
    if (this.#text[this.#at] === '$' || this.#text[this.#at] === '@') this.#at++;
    else if (this.#text !== '' && !/^[.[]/.test(this.#text)) this.#at = -1; // `name` for `$.name`
    const steps = this.#steps(() => this.#at >= this.#text.length);
    return finish(steps);
  }

  #steps(isEnd: () => boolean): Step[] {
    const steps: Step[] = [];
    while (!isEnd()) {
      const deep = this.#text.startsWith('..', this.#at);
      if (deep) this.#at += this.#text[this.#at + 2] === '[' ? 2 : 1;
      if (this.#at === -1 || this.#text[this.#at] === '.') {
        this.#at++;
        steps.push({ deep, select: this.#name() });
      } else if (this.#text[this.#at] === '[') {
        this.#at++;
        steps.push({ deep, select: this.#brackets() });
      } else throw new PathError(`"${this.#text.slice(this.#at, this.#at + 12)}" is not understood`);
    }
    return steps;
  }

  #name(): Selector {
    const name = /^(\*|[^.[\]()\s=!<>&|'",]+)/.exec(this.#text.slice(this.#at))?.[1];
    if (name === undefined) throw new PathError('a name is missing');
    this.#at += name.length;
    if (this.#text[this.#at] === '(') throw new PathError(`the function ${name}() is not spoken`);
    return name === '*' ? { kind: 'all' } : { kind: 'members', names: [name] };
  }

  #brackets(): Selector {
    const rest = () => this.#text.slice(this.#at);
    if (/^\s*\?/.test(rest())) return this.#filter();
    const all = /^\s*\*\s*\]/.exec(rest());
    if (all) {
      this.#at += all[0].length;
      return { kind: 'all' };
    }
    const slice = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*\]/.exec(rest());
    if (slice) {
      this.#at += slice[0].length;
      return { kind: 'slice', from: slice[1] ? Number(slice[1]) : null, to: slice[2] ? Number(slice[2]) : null };
    }
    const indexes = /^\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]/.exec(rest());
    if (indexes) {
      this.#at += indexes[0].length;
      return { kind: 'indexes', at: indexes[1]!.split(',').map(Number) };
    }
    const names: string[] = [];
    do {
      this.#skip(/^[\s,]*/);
      names.push(this.#string());
      this.#skip(/^\s*/);
    } while (this.#text[this.#at] === ',');
    this.#expect(']');
    return { kind: 'members', names };
  }

  /** `?(@.a == 'x' && @.b)` or without the parentheses; `||` binds weaker than `&&`. */
  #filter(): Selector {
    this.#skip(/^\s*\?\s*/);
    const inParentheses = this.#text[this.#at] === '(';
    if (inParentheses) this.#at++;
    const any: Comparison[][] = [[]];
    for (;;) {
      any.at(-1)!.push(this.#comparison());
      this.#skip(/^\s*/);
      if (this.#text.startsWith('&&', this.#at)) this.#at += 2;
      else if (this.#text.startsWith('||', this.#at)) {
        this.#at += 2;
        any.push([]);
      } else break;
    }
    if (inParentheses) this.#expect(')');
    this.#skip(/^\s*/);
    this.#expect(']');
    return { kind: 'filter', any };
  }

  #comparison(): Comparison {
    this.#skip(/^\s*/);
    const negated = this.#text[this.#at] === '!';
    if (negated) this.#at++;
    this.#expect('@');
    const left = finish(this.#steps(() => !/^[.[]/.test(this.#text.slice(this.#at))));
    this.#skip(/^\s*/);
    const operator = /^(==|!=|<=|>=|=~|<|>)/.exec(this.#text.slice(this.#at))?.[1] as Comparison['operator'] | undefined;
    if (operator === undefined) return { left, negated, operator: 'exists', right: null };
    this.#at += operator.length;
    this.#skip(/^\s*/);
    return { left, negated, operator, right: operator === '=~' ? this.#pattern() : this.#literal() };
  }

  #literal(): unknown {
    if (/^['"]/.test(this.#text.slice(this.#at))) return this.#string();
    const word = /^(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/.exec(this.#text.slice(this.#at))?.[1];
    if (word === undefined) throw new PathError('only strings, numbers, true, false and null can be compared with');
    this.#at += word.length;
    return JSON.parse(word);
  }

  #pattern(): RE2JS {
    const [whole, pattern, flags] = /^\/((?:[^/\\]|\\.)*)\/([i]?)/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === undefined) throw new PathError('a /pattern/ is expected after =~');
    this.#at += whole.length;
    return RE2JS.compile(pattern!, flags === 'i' ? RE2JS.CASE_INSENSITIVE : 0);
  }

  #string(): string {
    const [whole] = /^(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === undefined) throw new PathError('a quoted name is expected');
    this.#at += whole.length;
    return whole.slice(1, -1).replace(/\\(.)/g, '$1');
  }

  #skip(pattern: RegExp): void {
    this.#at += pattern.exec(this.#text.slice(this.#at))?.[0].length ?? 0;
  }

  #expect(character: string): void {
    this.#skip(/^\s*/);
    if (this.#text[this.#at] !== character) throw new PathError(`${character} is expected`);
    this.#at++;
  }
}

function finish(steps: readonly Step[]): JsonPath {
  const isOne = ({ deep, select }: Step) =>
    !deep && ((select.kind === 'members' && select.names.length === 1) || (select.kind === 'indexes' && select.at.length === 1));
  return { steps, definite: steps.every(isOne) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const childrenOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

function descend(value: unknown): unknown[] {
  return [value, ...childrenOf(value).flatMap(descend)];
}

function choose(select: Selector, value: unknown): unknown[] {
  switch (select.kind) {
    case 'all':
      return childrenOf(value);
    case 'members':
      return isObject(value) ? select.names.filter((name) => Object.hasOwn(value, name)).map((name) => value[name]) : [];
    case 'indexes':
      return Array.isArray(value)
        ? select.at.map((at) => (at < 0 ? value.length + at : at)).flatMap((at) => (at in value ? [value[at]] : []))
        : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(select.from ?? 0, select.to ?? undefined) : [];
    case 'filter':
      return childrenOf(value).filter((child) => select.any.some((every) => every.every((one) => holds(one, child))));
  }
}

function holds({ left, negated, operator, right }: Comparison, element: unknown): boolean {
  const found = readJsonPath(left, element);
  const matched = operator === 'exists' ? found.length > 0 : found.some((value) => compares(value, operator, right));
  return matched !== negated;
}

function compares(value: unknown, operator: Comparison['operator'], right: unknown): boolean {
  if (operator === '==') return value === right;
  if (operator === '!=') return value !== right;
  if (operator === '=~') return typeof value === 'string' && right instanceof RE2JS && right.matcher(value).find();
  if (typeof value === 'number' && typeof right === 'number') return order(value, operator, right);
  return typeof value === 'string' && typeof right === 'string' && order(value, operator, right);
}

function order<T extends string | number>(left: T, operator: Comparison['operator'], right: T): boolean {
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

import type { XmlElement } from './xml-text.ts';

/*
 * The part of XPath 1.0 that stubs use: `/a/b`, `//b`, `*`, `.`, `@id`, `text()`, and predicates that count or compare: `[2]`, `[last()]`,
 * `[@id='7']`, `[name='x']`, `[text()='x']`, `[@id]`. Prefixes are left off. Axes by name and functions are not spoken.
 */

interface XPathStep {
  deep: boolean;
  /** Name, `*`, `.`, `@name`, `@*` or `text()`. */
  name: string;
  predicates: readonly Predicate[];
}
type Predicate = { kind: 'position'; at: number } | { kind: 'last' } | { kind: 'compare'; name: string; value: string | null };
export type XPath = readonly XPathStep[];

const stepPattern = /(\/\/|\/|^)\s*(text\(\)|@\*|@?[\p{L}_][\p{L}\p{N}_.:-]*|\*|\.)((?:\[[^\]]*\])*)\s*/uy;
const predicatePattern =
  /\[\s*(?:(\d+)|(last\(\))|(@?[\p{L}_][\p{L}\p{N}_.:-]*|text\(\)|\.)\s*(?:=\s*(?:'([^']*)'|"([^"]*)"|(-?[\d.]+)))?)\s*\]/uy;

/** The path, or a sentence that says it is not understood. */
export function parseXPath(text: string): XPath | string {
  const steps: XPathStep[] = [];
  const pattern = new RegExp(stepPattern);
  const trimmed = text.trim();
  for (let at = 0; at < trimmed.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(trimmed);
    const predicates = match === null ? null : parsePredicates(match[3]!);
    if (match === null || predicates === null || trimmed[pattern.lastIndex] === '(')
      return `XPath ${text}: "${trimmed.slice(at, at + 20)}" is not understood`;
    steps.push({ deep: match[1] === '//', name: bare(match[2]!), predicates });
  }
  return steps.length === 0 ? `XPath ${text}: a path is expected` : steps;
}

const bare = (name: string): string => name.replace(/^(@?)[^:]*:/, '$1');

function parsePredicates(text: string): Predicate[] | null {
  const predicates: Predicate[] = [];
  const pattern = new RegExp(predicatePattern);
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, position, last, name = '', single, double, number] = match;
    if (position !== undefined) predicates.push({ kind: 'position', at: Number(position) });
    else if (last !== undefined) predicates.push({ kind: 'last' });
    else predicates.push({ kind: 'compare', name: bare(name), value: single ?? double ?? number ?? null });
  }
  return predicates;
}

/** Texts of everything the path leads to: of an element all of its text, of an attribute its value. */
export function readXPath(path: XPath, root: XmlElement): string[] {
  let found: XmlElement[] = [{ name: '', attributes: {}, children: [root], text: '' }];
  for (const [i, step] of path.entries()) {
    const from = step.deep ? found.flatMap(selfAndBelow) : found;
    if (step.name.startsWith('@') || step.name === 'text()')
      return i === path.length - 1 ? from.flatMap((element) => values(element, step.name)) : [];
    found = from.flatMap((element) => choose(step, step.name === '.' ? [element] : element.children));
  }
  return found.map(wholeText);
}

const selfAndBelow = (element: XmlElement): XmlElement[] => [element, ...element.children.flatMap(selfAndBelow)];
const wholeText = (element: XmlElement): string => element.text + element.children.map(wholeText).join('');

function values(element: XmlElement, name: string): string[] {
  if (name === 'text()') return element.text === '' ? [] : [element.text];
  if (name === '@*') return Object.values(element.attributes);
  const value = element.attributes[name.slice(1)];
  return value === undefined ? [] : [value];
}

function choose({ name, predicates }: XPathStep, elements: readonly XmlElement[]): XmlElement[] {
  let chosen = elements.filter((element) => name === '*' || name === '.' || element.name === name);
  for (const predicate of predicates) {
    if (predicate.kind === 'position') chosen = chosen.slice(predicate.at - 1, predicate.at);
    else if (predicate.kind === 'last') chosen = chosen.slice(-1);
    else chosen = chosen.filter((element) => compares(element, predicate.name, predicate.value));
  }
  return chosen;
}

function compares(element: XmlElement, name: string, wanted: string | null): boolean {
  const isPlain = name.startsWith('@') || name === 'text()';
  const texts = name === '.' ? [wholeText(element)] : isPlain ? values(element, name) : textsOfChildren(element, name);
  return wanted === null ? texts.length > 0 : texts.includes(wanted);
}

function textsOfChildren(element: XmlElement, name: string): string[] {
  return element.children.filter((child) => child.name === name).map(wholeText);
}

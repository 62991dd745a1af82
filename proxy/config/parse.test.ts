import { describe, expect, test } from 'vitest';
import { parseLimits, parseText, withNamespace } from './parse.ts';

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n';

describe('documents', () => {
  test('know their file, their line and their own text', () => {
    const { documents, diagnostics } = parseText(`# head\n${service}---\n${service.replace('a}', 'b}')}# tail\n`, 'x.yaml');
    expect(diagnostics).toEqual([]);
    expect(documents.map((d) => [d.kind, d.name, d.file, d.line])).toEqual([
      ['Service', 'a', 'x.yaml', 2],
      ['Service', 'b', 'x.yaml', 6],
    ]);
    expect(documents[1]!.yaml).toContain('name: b');
    expect(documents[1]!.yaml).not.toContain('name: a');
  });

  test('empty documents and comments are nothing', () => {
    expect(parseText('# only a comment\n---\n---\n', 'x.yaml')).toEqual({ documents: [], diagnostics: [] });
  });

  test('JSON is YAML', () => {
    const { documents } = parseText(
      JSON.stringify({ apiVersion: 'v1', kind: 'K', metadata: { name: 'n' }, spec: { a: [1] } }),
      'x.json',
    );
    expect(documents[0]!.spec).toEqual({ a: [1] });
  });

  test('positions lead to values and to keys, and to the nearest parent of what is absent', () => {
    const { documents } = parseText(
      'apiVersion: v1\nkind: K\nmetadata: {name: n}\nspec:\n  list:\n  - first: 1\n    second: two\n',
      'x.yaml',
    );
    const at = documents[0]!.positionOf;
    expect(at(['spec', 'list', 0, 'second'])).toEqual({ line: 7, column: 13, endLine: 7, endColumn: 16 });
    expect(at(['spec', 'list', 0, 'second'], 'key')).toEqual({ line: 7, column: 5, endLine: 7, endColumn: 11 });
    expect(at(['spec', 'list', 0, 'third']).line).toBe(6);
    expect(at(['spec', 'nothing']).line).toBe(4);
  });

  test('anchors and aliases within reason work', () => {
    const { documents } = parseText('apiVersion: v1\nkind: K\nmetadata: {name: n}\nspec:\n  a: &x {b: 1}\n  c: *x\n', 'x.yaml');
    expect(documents[0]!.spec).toEqual({ a: { b: 1 }, c: { b: 1 } });
    expect(documents[0]!.positionOf(['spec', 'c', 'b']).line).toBe(5);
  });

  test('a field set to null is not set, but is remembered as written', () => {
    const { documents } = parseText(
      'apiVersion: v1\nkind: K\nmetadata: {name: n}\nspec: {a: null, b: [null], headers: {x: }}\n',
      'x.yaml',
    );
    expect(documents[0]!.spec).toEqual({ b: [null], headers: { x: null } });
    expect(documents[0]!.written.spec).toEqual({ a: null, b: [null], headers: { x: null } });
  });

  test('a default namespace fills only what is missing', () => {
    const [a] = parseText(service, 'x.yaml').documents;
    expect(withNamespace(a!, 'shop').namespace).toBe('shop');
    const [b] = parseText('apiVersion: v1\nkind: K\nmetadata: {name: n, namespace: own}\n', 'x.yaml').documents;
    expect(withNamespace(b!, 'shop').namespace).toBe('own');
  });
});

describe('bad text is a diagnostic with its place', () => {
  const spec = (text: string) => `apiVersion: v1\nkind: K\nmetadata: {name: n}\nspec:\n${text}`;
  test.each([
    ['unclosed bracket', spec('  a: [1, 2\n'), 'DD1001', undefined],
    ['duplicate key', spec('  a: 1\n  a: 2\n'), 'DD1002', 6],
    ['tab indentation', spec('\ta: 1\n'), 'DD1003', 5],
    ['byte order mark', `\uFEFF${service}`, 'DD1003', 1],
    ['NUL byte', spec('  a: \0\n'), 'DD1003', 5],
    ['unknown alias', spec('  a: *nobody\n'), 'DD1001', 5],
    ['a list', '- 1\n- 2\n', 'DD1005', 1],
    ['no kind', 'apiVersion: v1\nmetadata: {name: n}\n', 'DD1005', 1],
    ['no apiVersion', 'kind: K\nmetadata: {name: n}\n', 'DD1005', 1],
    ['no name', 'apiVersion: v1\nkind: K\nmetadata: {}\n', 'DD1005', 3],
    ['prototype key', spec('  __proto__: {a: 1}\n'), 'DD1104', 5],
  ])('%s', (_, text, code, line) => {
    const { documents, diagnostics } = parseText(text, 'x.yaml');
    expect(documents).toEqual([]);
    expect(diagnostics[0]).toMatchObject({ severity: 'error', code, file: 'x.yaml' });
    if (line !== undefined) expect(diagnostics[0]!.line).toBe(line);
    expect(diagnostics[0]!.column).toBeGreaterThan(0);
  });

  test('one bad document does not hide the good ones', () => {
    const { documents, diagnostics } = parseText(`${service}---\nkind: [\n`, 'x.yaml');
    expect(documents).toHaveLength(1);
    expect(diagnostics).not.toEqual([]);
  });
});

describe('hostile text is refused before it costs anything', () => {
  const bomb = [
    'apiVersion: v1\nkind: K\nmetadata: {name: n}\nspec:\n  l0: &l0 [x,x,x,x,x,x,x,x,x,x]',
    ...Array.from({ length: 9 }, (_, i) => `  l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(',')}]`),
  ].join('\n');
  test.each([
    ['alias bomb', bomb],
    ['10 MB', `a: ${'x'.repeat(10_000_000)}`],
    ['1000 brackets', `apiVersion: v1\nkind: K\nspec: ${'['.repeat(1000)}${']'.repeat(1000)}`],
    ['1000 unclosed brackets', '['.repeat(1000)],
    ['1000 levels of indentation', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['1000 compact lists', `${'- '.repeat(1000)}x`],
  ])('%s', (_, text) => {
    const { documents, diagnostics } = parseText(text, 'x.yaml');
    expect(documents).toEqual([]);
    expect(diagnostics[0]).toMatchObject({ severity: 'error', code: 'DD1004' });
  });

  test('brackets in strings and comments are not nesting', () => {
    const text = `apiVersion: v1\nkind: K\nmetadata: {name: n}\n# ${'['.repeat(200)}\nspec: {a: "${'['.repeat(200)}"}\n`;
    expect(parseText(text, 'x.yaml').documents).toHaveLength(1);
    expect(parseLimits.depth).toBeLessThan(200);
  });
});

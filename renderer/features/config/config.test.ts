import { EditorState, type TransactionSpec } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { describe, expect, test } from 'vitest';
import type { Diagnostic, Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { affectedBy, changedObjects } from './affected.ts';
import { generateRouting, groupByFile, textOf } from './config-files.ts';
import { documentAt, documentsIn, partAt } from './documents.ts';
import { editorHistory, moveInHistory } from './editor-history.ts';
import { liveFile } from './file-names.ts';
import { applyFix, applyFixes, fixOf, rangeOf } from './fixes.ts';
import { activityOf } from './object-activity.ts';

const resource = (kind: string, name: string, more: Partial<Resource> = {}): Resource => ({
  apiVersion: 'v1',
  kind,
  namespace: 'default',
  name,
  yaml: `kind: ${kind}\nmetadata: {name: ${name}}\n`,
  spec: {},
  source: { file: '/mesh/a.yaml', line: 1, live: false },
  status: { state: 'accepted', matched: 0, usedBy: [], diagnostics: [] },
  ...more,
});

describe('files', () => {
  test('hold their objects in order; what belongs to none comes last', () => {
    const files = groupByFile(
      ['/mesh/a.yaml', '/mesh/empty.yaml'],
      [
        resource('Fault', 'slow', { source: { file: 'fault', line: 1, live: true } }),
        resource('VirtualService', 'two', { source: { file: '/mesh/a.yaml', line: 9, live: true } }),
        resource('Mesh', 'one'),
      ],
    );
    expect(files.map(({ name, resources, changedLive }) => [name, resources.map((one) => one.name), changedLive])).toEqual([
      ['a.yaml', ['one', 'two'], true],
      ['empty.yaml', [], false],
      [liveFile, ['slow'], false],
    ]);
  });
  test('of the same name are told apart by their folder', () => {
    expect(groupByFile(['/x/a.yaml', '/y/a.yaml'], []).map(({ name }) => name)).toEqual(['x/a.yaml', 'y/a.yaml']);
  });
});

describe('documents of a text', () => {
  const text = textOf([resource('Mesh', 'one'), resource('VirtualService', 'two')]);
  test('are found under the cursor', () => {
    const places = documentsIn(text);
    expect(places.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['Mesh one', 'VirtualService two']);
    expect(documentAt(places, text.indexOf('two'))?.name).toBe('two');
    expect(documentAt(places, 0)?.name).toBe('one');
  });
  test('that are not YAML break nothing', () => {
    for (const broken of ['', '{', 'a: [', '---\n---\n', '\t- x: : :', 'kind: 3\nmetadata: 4'])
      expect(documentsIn(broken)).toEqual([]);
  });
});

describe('fixes', () => {
  const text = 'spec:\n  rout: 1\n';
  const diagnostic: Diagnostic = { severity: 'error', code: 'DD1101', message: '', line: 2, column: 3, endLine: 2, endColumn: 7 };
  test('replace exactly what the diagnostic points at', () => {
    expect(applyFix(text, { ...diagnostic, fix: { title: 'Change to route', replace: 'route' } })).toBe('spec:\n  route: 1\n');
    expect(applyFix(text, { ...diagnostic, suggestion: 'Did you mean `retries`?' })).toBe('spec:\n  retries: 1\n');
  });
  test('are offered only where the place is known to its end', () => {
    expect(fixOf({ ...diagnostic, suggestion: 'Write something else.' })).toBeNull();
    expect(fixOf({ severity: 'error', code: 'x', message: '', suggestion: 'Did you mean `a`?' })).toBeNull();
  });
  test('all at once: each at its own place, whatever the others add, and one of two at the same', () => {
    const many = 'a: paymnets\nb: paymnets\nc: 1\n';
    const at = (line: number, fix: string): Diagnostic => ({
      ...diagnostic,
      line,
      column: 4,
      endLine: line,
      endColumn: 12,
      fix: { title: fix, replace: fix },
    });
    const unfixable: Diagnostic = { severity: 'error', code: 'x', message: '' };
    expect(applyFixes(many, [at(2, 'payments-of-old'), unfixable, at(1, 'pay'), at(2, 'other')])).toBe(
      'a: pay\nb: payments-of-old\nc: 1\n',
    );
    expect(applyFixes(many, [])).toBe(many);
  });
  test('never reach outside a text that has changed since', () => {
    expect(rangeOf('a', { ...diagnostic, line: 90, endLine: 91 })).toEqual({ from: 1, to: 1 });
  });
});

test('generated routing shares a service evenly between its versions', () => {
  const text = generateRouting([
    { name: 'reviews', namespace: 'shop', versions: ['v1', 'v2', 'v3'] },
    { name: 'plain', namespace: 'shop', versions: [] },
  ]);
  expect(documentsIn(text).map(({ kind, namespace }) => `${kind} ${namespace}`)).toEqual([
    'DestinationRule shop',
    'VirtualService shop',
  ]);
  expect([...text.matchAll(/weight: (\d+)/g)].map(([, weight]) => Number(weight))).toEqual([34, 33, 33]);
});

describe('activity', () => {
  const exchange = (change: Partial<Exchange>) =>
    ({
      reporter: 'source',
      destination: 'pay',
      destinationNamespace: 'default',
      route: 'canary',
      cluster: 'outbound|9080|v1|pay',
      faults: [],
      requestId: '',
      details: '',
      status: 200,
      ...change,
    }) as Exchange;
  test('of a VirtualService counts each rule, also the one that matched nothing', () => {
    const spec = { hosts: ['pay.default.svc.cluster.local'], http: [{ name: 'testers' }, { name: 'canary' }] };
    const seen = [exchange({}), exchange({}), exchange({ reporter: 'destination' }), exchange({ destination: 'other' })];
    const activity = activityOf(resource('VirtualService', 'pay', { spec }), seen);
    expect(activity?.total).toBe(2);
    expect(activity?.rows.map(({ label, count }) => [label, count])).toEqual([
      ['testers', 0],
      ['canary', 2],
    ]);
  });
  test('of a policy counts what its sidecar refused', () => {
    const spec = { selector: { matchLabels: { app: 'pay' } } };
    const refused = (by: string) =>
      exchange({ reporter: 'destination', status: 403, details: `rbac_access_denied_matched_policy[${by}]` });
    const allow = activityOf(resource('AuthorizationPolicy', 'x', { spec }), [
      refused('none'),
      exchange({ reporter: 'destination' }),
    ]);
    expect(allow).toMatchObject({ total: 2, rows: [{ count: 1, filter: 'dest:pay "policy[none]"' }] });
    const deny = activityOf(resource('AuthorizationPolicy', 'x', { spec: { ...spec, action: 'DENY', rules: [{}, {}] } }), [
      refused('ns[default]-policy[x]-rule[1]'),
      refused('ns[default]-policy[other]-rule[0]'),
    ]);
    expect(deny?.rows.map(({ label, count, filter }) => [label, count, filter])).toEqual([
      ['refused by rule 1', 0, '"policy[x]-rule[0]"'],
      ['refused by rule 2', 1, '"policy[x]-rule[1]"'],
    ]);
  });
});

describe('a text before it is applied', () => {
  const service = (weight: number) =>
    `kind: VirtualService\nmetadata: {name: pay}\nspec: {hosts: [pay], http: [{name: canary, weight: ${weight}}, {name: rest}]}\n`;
  const call = (destination: string) => ({ reporter: 'source', destination, destinationNamespace: 'default' }) as Exchange;

  test('says which objects it changes, and how much of the traffic passes where they act', () => {
    const running = [resource('VirtualService', 'pay', { yaml: service(1), spec: { hosts: ['pay'] } }), resource('Mesh', 'shop')];
    const places = documentsIn(textOf(running));
    expect(changedObjects(places, places, running)).toEqual([]);
    const changed = changedObjects(
      documentsIn(`${service(2)}---\nkind: DestinationRule\nmetadata: {name: new}\nspec: {host: bank}`),
      places,
      running,
    );
    expect(changed.map(({ kind, how }) => [kind, how])).toEqual([
      ['VirtualService', 'changed'],
      ['DestinationRule', 'new'],
    ]);
    const seen = ['pay', 'pay', 'bank', 'mail'].map(call);
    expect(affectedBy(changed, seen)).toEqual({ count: 3, total: 4, filter: 'dest:pay,bank' });
    const wide = [{ kind: 'PeerAuthentication', namespace: 'istio-system', specs: [{}] }];
    expect(affectedBy(wide, seen)).toEqual({ count: 4, total: 4, filter: '' });
  });

  test('knows the rule under the cursor', () => {
    const text = service(1);
    const [place] = documentsIn(text);
    expect(partAt(place ?? null, text.indexOf('canary'))).toMatchObject({ label: 'rule canary', keys: ['canary'] });
    expect(partAt(place ?? null, text.indexOf('rest'))?.keys).toEqual(['rest']);
    expect(partAt(place ?? null, 3)).toBeNull();
  });
});

describe('the editor’s history', () => {
  function editor(doc: string) {
    const view = {
      state: EditorState.create({ doc, extensions: [editorHistory] }),
      dispatch: (...specs: TransactionSpec[]) => {
        view.state = view.state.update(...specs).state;
      },
    };
    const move = (to: 'undo' | 'redo') => moveInHistory(view as unknown as EditorView, to);
    return { view, move, text: () => view.state.doc.toString() };
  }
  test('takes changes back one by one and brings them again', () => {
    const { view, move, text } = editor('abc');
    view.dispatch({ changes: { from: 3, insert: 'd' } });
    view.dispatch({ changes: { from: 0, to: 1 } });
    expect([move('undo'), text()]).toEqual([true, 'abcd']);
    expect([move('undo'), text()]).toEqual([true, 'abc']);
    expect(move('undo')).toBe(false);
    expect([move('redo'), move('redo'), move('redo'), text()]).toEqual([true, true, false, 'bcd']);
  });
  test('joins what was typed in one go', () => {
    const { view, move, text } = editor('');
    for (const letter of 'route')
      view.dispatch({ changes: { from: view.state.doc.length, insert: letter }, userEvent: 'input.type' });
    move('undo');
    expect(text()).toBe('');
    move('redo');
    expect(text()).toBe('route');
  });
});

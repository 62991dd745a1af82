import { EditorSelection, type Extension } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';

/** A new line as deep as this one, two spaces deeper behind `key:`. */
function insertLine(view: EditorView): boolean {
  const { state } = view;
  view.dispatch(
    state.changeByRange((range) => {
      const line = state.doc.lineAt(range.from);
      const before = line.text.slice(0, range.from - line.from);
      const depth = /^[ ]*/.exec(before)?.[0] ?? '';
      const text = `\n${depth}${/:\s*$/.test(before) ? '  ' : ''}`;
      return {
        changes: { from: range.from, to: range.to, insert: text },
        range: EditorSelection.cursor(range.from + text.length),
      };
    }),
    { scrollIntoView: true, userEvent: 'input' },
  );
  return true;
}

function shiftLines(view: EditorView, deeper: boolean): boolean {
  const { state } = view;
  const changes: { from: number; to: number; insert: string }[] = [];
  for (const range of state.selection.ranges) {
    const last = state.doc.lineAt(range.to).number;
    for (let number = state.doc.lineAt(range.from).number; number <= last; number++) {
      const line = state.doc.line(number);
      if (deeper) changes.push({ from: line.from, to: line.from, insert: '  ' });
      else changes.push({ from: line.from, to: line.from + Math.min(2, /^ */.exec(line.text)?.[0].length ?? 0), insert: '' });
    }
  }
  view.dispatch({ changes, userEvent: deeper ? 'input.indent' : 'delete.dedent' });
  return true;
}

/** Tab is left to move the focus on, so that the keyboard is never caught in the editor. */
export const editorKeys: Extension = keymap.of([
  { key: 'Enter', run: insertLine },
  { key: 'Mod-]', run: (view) => shiftLines(view, true) },
  { key: 'Mod-[', run: (view) => shiftLines(view, false) },
  {
    key: 'Mod-a',
    run: (view) => {
      view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });
      return true;
    },
  },
]);

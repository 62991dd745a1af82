import { EditorSelection, type EditorState, type Extension, findClusterBreak } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';

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
const chords = keymap.of([
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

/** What one Backspace or Delete takes: the character beside the cursor, or the line break. */
function besideCursor(state: EditorState, forward: boolean): { from: number; to: number } {
  const { head } = state.selection.main;
  const line = state.doc.lineAt(head);
  if (!forward && head === line.from) return { from: Math.max(0, head - 1), to: head };
  if (forward && head === line.to) return { from: head, to: Math.min(state.doc.length, head + 1) };
  const other = line.from + findClusterBreak(line.text, head - line.from, forward);
  return { from: Math.min(head, other), to: Math.max(head, other) };
}

function targetOf(view: EditorView, event: InputEvent): { from: number; to: number } | null {
  const [range] = event.getTargetRanges();
  if (!range || !view.contentDOM.contains(range.startContainer) || !view.contentDOM.contains(range.endContainer)) return null;
  const from = view.posAtDOM(range.startContainer, range.startOffset);
  const to = view.posAtDOM(range.endContainer, range.endOffset);
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

/**
 * Deleting, and typing over a selection, are done to the document rather than left to the browser: it would join lines with inline styles,
 * which the page's policy refuses.
 */
const edits = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { main } = view.state.selection;
    if (view.composing || event.isComposing) return false;
    if (event.inputType === 'insertText' && event.data && !main.empty) {
      view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
      return true;
    }
    if (!event.inputType.startsWith('delete')) return false;
    const single = event.inputType === 'deleteContentBackward' || event.inputType === 'deleteContentForward';
    const range = !main.empty
      ? { from: main.from, to: main.to }
      : single
        ? besideCursor(view.state, event.inputType.endsWith('Forward'))
        : targetOf(view, event);
    if (!range) return false;
    view.dispatch({ changes: range, userEvent: 'delete', scrollIntoView: true });
    return true;
  },
});

export const editorKeys: Extension = [chords, edits];

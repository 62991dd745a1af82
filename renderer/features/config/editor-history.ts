import { Annotation, type ChangeSet, EditorSelection, type Extension, StateField, Transaction } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';

interface Step {
  /** Leads from the document after the change to the one before. */
  back: ChangeSet;
  selection: EditorSelection;
  atMs: number;
  joins: boolean;
}
interface History {
  done: readonly Step[];
  undone: readonly Step[];
}

const moving = Annotation.define<'undo' | 'redo'>();
const maxSteps = 500;
/** Typing within this time is undone in one go. */
const joinWithinMs = 600;

const historyField = StateField.define<History>({
  create: () => ({ done: [], undone: [] }),
  update(history, transaction) {
    if (!transaction.docChanged) return history;
    const { startState, changes } = transaction;
    const step: Step = {
      back: changes.invert(startState.doc),
      selection: startState.selection,
      atMs: transaction.annotation(Transaction.time) ?? 0,
      joins: transaction.isUserEvent('input.type') || transaction.isUserEvent('delete'),
    };
    const move = transaction.annotation(moving);
    if (move === 'undo') return { done: history.done.slice(0, -1), undone: [...history.undone, step] };
    if (move === 'redo') return { done: [...history.done, step], undone: history.undone.slice(0, -1) };
    const last = history.done.at(-1);
    if (last?.joins && step.joins && step.atMs - last.atMs < joinWithinMs) {
      const joined = { ...step, back: step.back.compose(last.back), selection: last.selection };
      return { done: [...history.done.slice(0, -1), joined], undone: [] };
    }
    return { done: [...history.done.slice(1 - maxSteps), step], undone: [] };
  },
});

/** Takes the last change back, or brings it again; false when there is none. */
export function moveInHistory(view: EditorView, move: 'undo' | 'redo'): boolean {
  const { done, undone } = view.state.field(historyField);
  const step = (move === 'undo' ? done : undone).at(-1);
  if (!step) return false;
  const length = step.back.newLength;
  const selection = EditorSelection.create(
    step.selection.ranges.map((range) => EditorSelection.range(Math.min(range.anchor, length), Math.min(range.head, length))),
    step.selection.mainIndex,
  );
  view.dispatch({ changes: step.back, selection, annotations: moving.of(move), scrollIntoView: true });
  return true;
}

export const editorHistory: Extension = [
  historyField,
  keymap.of([
    { key: 'Mod-z', preventDefault: true, run: (view) => moveInHistory(view, 'undo') },
    { key: 'Mod-Shift-z', preventDefault: true, run: (view) => moveInHistory(view, 'redo') },
    { key: 'Mod-y', preventDefault: true, run: (view) => moveInHistory(view, 'redo') },
  ]),
];

import { yaml } from '@codemirror/lang-yaml';
import { indentOnInput } from '@codemirror/language';
import { lintGutter, lintKeymap, type Diagnostic as Mark, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import { editorHistory } from './editor-history.ts';
import { editorKeys } from './editor-keys.ts';
import { editorLook } from './editor-look.ts';
import { fixOf, rangeOf } from './fixes.ts';

export interface YamlEditorProps {
  label: string;
  /** The text shown; a change from outside replaces the document. */
  value: string;
  onChange: (text: string) => void;
  diagnostics: readonly Diagnostic[];
  /** Offset of the cursor. */
  onCursor: (offset: number) => void;
  /** Change `token` to put the cursor at a line (from 1). */
  goTo?: { line: number; column: number; token: number } | null;
}

/**
 * A YAML editor that shows the engine's diagnostics. It lives in a shadow root: there CodeMirror adopts style sheets made by script, which the
 * page's policy (style-src 'self') allows, while a `<style>` element would be refused.
 */
export function YamlEditor({ label, value, onChange, diagnostics, onCursor, goTo }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  /** Texts told with onChange that have not come back as `value` yet. */
  const pending = useRef<string[]>([]);
  const latest = useRef({ onChange, onCursor, value });
  latest.current = { onChange, onCursor, value };

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          editorHistory,
          editorKeys,
          keymap.of(lintKeymap),
          lineNumbers(),
          lintGutter(),
          drawSelection(),
          highlightActiveLine(),
          indentOnInput(),
          yaml(),
          editorLook,
          EditorState.tabSize.of(2),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', tabindex: '0' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              const text = update.state.doc.toString();
              pending.current.push(text);
              latest.current.onChange(text);
            }
            if (update.docChanged || update.selectionSet) latest.current.onCursor(update.state.selection.main.head);
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label]);

  // Typing is faster than rendering: a value that this editor told itself a moment ago must not take back what was typed since.
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const now = editor.state.doc.toString();
    const told = pending.current.indexOf(value);
    if (now === value) pending.current = [];
    else if (told >= 0) pending.current.splice(0, told + 1);
    else {
      pending.current = [];
      const change = narrowChange(now, value);
      if (change) editor.dispatch({ changes: change });
    }
  });

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const text = editor.state.doc.toString();
    const marks = diagnostics.map((diagnostic) => markOf(text, diagnostic));
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [diagnostics]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !goTo) return;
    moveTo(editor, goTo);
  }, [goTo]);

  return <div ref={host} className="config-editor" data-testid="config-editor" />;
}

function moveTo(editor: EditorView, { line: number, column }: { line: number; column: number }): void {
  const line = editor.state.doc.line(Math.max(1, Math.min(editor.state.doc.lines, number)));
  const at = Math.min(line.to, line.from + Math.max(0, column - 1));
  editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
  editor.focus();
}

/** A diagnostic as the editor underlines it, with its fix as a button in the tooltip. */
function markOf(text: string, diagnostic: Diagnostic): Mark {
  const fix = fixOf(diagnostic);
  return {
    ...rangeOf(text, diagnostic),
    severity: diagnostic.severity,
    source: diagnostic.code,
    message: [diagnostic.message, diagnostic.suggestion].filter(Boolean).join(' '),
    actions: fix
      ? [
          {
            name: fix.title,
            apply: (target, from, to) => target.dispatch({ changes: { from, to, insert: fix.replace }, userEvent: 'input.fix' }),
          },
        ]
      : undefined,
  };
}

/** The part between what both texts begin and end with: cursor and scroll stay where they are. */
function narrowChange(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - from;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}

import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--surface-1)', fontSize: '12.5px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', fontVariantLigatures: 'none' },
  '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--surface-1)', color: 'var(--text-3)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'var(--surface-2)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent)',
  },
  '.cm-tooltip': {
    border: '1px solid var(--line-2)',
    borderRadius: '6px',
    backgroundColor: 'var(--surface-2)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow-2)',
    maxWidth: '520px',
    font: '400 12px/1.5 var(--font)',
  },
  '.cm-diagnostic': { padding: '6px 10px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-diagnostic-info': { borderLeftColor: 'var(--info)' },
  '.cm-diagnosticAction': {
    backgroundColor: 'var(--accent-fill)',
    color: 'var(--on-accent)',
    minHeight: '24px',
    padding: '2px 8px',
  },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad) 1px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--warn) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-info': {
    backgroundImage: 'none',
    textDecoration: 'underline dotted var(--info) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-lint-marker': { width: '14px', textAlign: 'center' },
  '.cm-lint-marker-error': { content: 'none' },
  '.cm-lint-marker-error::before': { content: '"✖"', color: 'var(--bad)' },
  '.cm-lint-marker-warning': { content: 'none' },
  '.cm-lint-marker-warning::before': { content: '"▲"', color: 'var(--warn)' },
  '.cm-lint-marker-info': { content: 'none' },
  '.cm-lint-marker-info::before': { content: '"ℹ"', color: 'var(--info)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok)' },
  { tag: [tags.number, tags.bool, tags.keyword], color: 'var(--fault)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--text-3)' },
  { tag: [tags.meta, tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: 'var(--text-2)' },
]);

/** The editor in the colours of the app: gutter glyphs ✖ ▲ ℹ, underlines, tooltips. */
export const editorLook: Extension = [syntaxHighlighting(colours), look];

import type { ImportNotes } from '../import-notes.ts';
import { parseTemplate } from './template.ts';

/** Tells each expression of a template that will be sent as it stands. */
export function noteTemplate(entry: string, field: string, text: string, notes: ImportNotes): void {
  for (const expression of parseTemplate(text).unknown)
    notes.add(entry, field, `the template ${expression} is not understood and sent as it stands`);
}

import type { BodyView } from '../../../proxy/api/body.schema.ts';
import { indentJson, prettyJson } from '../../ui/pretty-json.ts';
import { type FormField, parseForm } from './form-fields.ts';

export type BodyMode = 'json' | 'form' | 'image' | 'text' | 'hex';

export const bodyModeNames: Record<BodyMode, string> = { json: 'JSON', form: 'Form', image: 'Image', text: 'Text', hex: 'Hex' };

/** Drawn by the browser's own decoders in an <img>, where nothing can run. SVG is a document, so it is shown as text. */
const images = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon)\b/i;

/** The ways a body can be looked at, the most telling first. */
export function bodyModes(view: BodyView): BodyMode[] {
  const modes: BodyMode[] = [];
  if (view.encoding === 'base64' && images.test(view.contentType)) modes.push('image');
  if (/\bform-(data|urlencoded)\b/i.test(view.contentType) && (formOf(view)?.length ?? 0) > 0) modes.push('form');
  if (view.encoding === 'utf8') {
    if (/json/i.test(view.contentType) || isJson(view.content)) modes.push('json');
    modes.push('text');
  }
  return [...modes, 'hex'];
}

export function formOf(view: BodyView): FormField[] | null {
  return parseForm(view.contentType, view.encoding === 'base64' ? atob(view.content) : toBinary(view.content));
}

/** Indented, also when its end is missing; of lines of JSON each by itself. */
export function readableJson(view: Pick<BodyView, 'content' | 'contentType'>): string {
  if (!/ndjson|json-?lines|json-seq/i.test(view.contentType)) {
    const pretty = prettyJson(view.content);
    return pretty === view.content && /^\s*[[{]/.test(pretty) && !pretty.trim().includes('\n') ? indentJson(pretty) : pretty;
  }
  return view.content
    .split('\n')
    .map((line) => prettyJson(line))
    .join('\n');
}

/** What two bodies are compared as. */
export function comparableText(view: BodyView): string | null {
  if (view.encoding !== 'utf8') return null;
  return bodyModes(view)[0] === 'json' ? readableJson(view) : view.content;
}

export function bytesOf(view: Pick<BodyView, 'encoding' | 'content'>): Uint8Array {
  if (view.encoding === 'utf8') return new TextEncoder().encode(view.content);
  return Uint8Array.from(atob(view.content), (char) => char.charCodeAt(0));
}

function toBinary(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return binary;
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text) && prettyJson(text) !== text;
}
